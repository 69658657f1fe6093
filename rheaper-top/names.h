/* SPDX-License-Identifier: MIT */
/*
 * Code locations of the traced process in words, looked up when they are asked for, by
 * the symbols that rheaper-load uses. What comes out is harmless to a terminal.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct catalog;
struct names;
struct symbol_settings;

/* Names of a catalog's modules; settings NULL: offsets only. NULL: out of memory. */
struct names *names_new(const struct catalog *catalog,
			const struct symbol_settings *settings);
void names_free(struct names *names);

/*
 * What is at an address of a module (catalog number), a return address unless exact: one
 * text "function file:line" for each function inlined there, the innermost first. `take`
 * is called with each; the texts live during the call. 0 or -ENOMEM, or what it gave.
 */
int names_at(struct names *names, uint64_t module, uint64_t address, bool exact,
	     int (*take)(void *context, const char *text), void *context);
