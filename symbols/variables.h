/* SPDX-License-Identifier: MIT */
/*
 * Finds the variables of one module: which one an address is in, and where it was
 * declared. For symbolize.c. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <elfutils/libdwfl.h>

struct variables;

struct variable {
	const char *name; /* as in the source, or mangled */
	uint64_t address,
		size; /* address of a thread-local one: minus the thread pointer */
	const char *directory; /* a relative file is relative to this; or NULL */
	const char *file;      /* NULL: unknown */
	int line;              /* 0: unknown */
};

/* Read the variables of a module that stays open. `bias` is that of its debug
 * information. Returns NULL if memory runs out. */
struct variables *variables_new(Dwfl_Module *module, Dwarf *dwarf, Dwarf_Addr bias);
void variables_free(struct variables *variables);

/* Find the variable that holds an address of the module's file; or the thread-local one
 * that holds what lies so far from the thread pointer, if the module is the program:
 * those of libraries have no fixed place. Returns NULL if none does. It is valid until
 * variables_free. */
const struct variable *variables_find(const struct variables *variables,
				      uint64_t address);
const struct variable *variables_find_thread_local(const struct variables *variables,
						   int64_t distance);
