/* SPDX-License-Identifier: MIT */
/*
 * Names code locations of the traced process, as rheaper-load does, when they are asked
 * for. Control characters in names are escaped.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct catalog;
struct names;
struct symbol_settings;

/* Prepare to name locations in a catalog's modules, both of which must outlive it. If
 * `settings` is NULL, names are offsets. Names are short unless full_names. Returns NULL
 * if memory runs out. */
struct names *names_new(const struct catalog *catalog,
			const struct symbol_settings *settings, bool full_names);
void names_free(struct names *names);

/*
 * Name an address of a module, by its number in the catalog. The address is a return
 * address unless `exact`. Calls `take` with a text "function file:line" for each function
 * inlined there, the innermost first; the texts live during the call. Returns 0, -ENOMEM,
 * or the first result of `take` that is not 0.
 */
int names_at(struct names *names, uint64_t module, uint64_t address, bool exact,
	     int (*take)(void *context, const char *text), void *context);
