/* SPDX-License-Identifier: MIT */
/*
 * Finds the functions that a tail call left without a frame. Compilers say in the debug
 * information where a function calls which other, and which of these calls are jumps. For
 * symbolize.c. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "symbols/debug-info.h"

#define TAIL_CALLS_MAX 8

struct tail_calls;

/* Find where a function begins that a unit only declares: the one of this linkage name,
 * in the unit with this offset if several have it. Returns false if it is not known. */
typedef bool tail_calls_lookup(void *context, const char *name, Dwarf_Die *declared,
			       Dwarf_Die *function);

/* Both must outlive the result, which is NULL if memory runs out. */
struct tail_calls *tail_calls_new(struct debug_info *info, tail_calls_lookup *lookup,
				  void *context);
void tail_calls_free(struct tail_calls *tail_calls);

/* The function that was really entered. */
struct tail_calls_target {
	bool has_function; /* else only the name is known, as a linkage name or demangled
			    */
	Dwarf_Die function;
	const char *name;
};

/*
 * Find the jumps between the call that returns to an address and the function that was
 * entered. `jumps` becomes an address behind each, the outermost first. Returns their
 * number: 0 if the call went there straight, if what it calls is not known, or if there
 * is more than one way.
 */
size_t tail_calls_find(struct tail_calls *tail_calls, Dwarf_Addr return_address,
		       const struct tail_calls_target *target,
		       Dwarf_Addr jumps[TAIL_CALLS_MAX]);
