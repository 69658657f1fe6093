/* SPDX-License-Identifier: MIT */
/*
 * The details of a function's name are what its plain form (names_plain) leaves out, and
 * what tells overloads, instances of a template, lambdas and members of local classes
 * from each other: template arguments, parameters and the numbers of lambdas. A baseline
 * keeps them as a text without spaces of its own choice, tabs and lines, or as a hash of
 * a long one: "<int>(long)", "(int) const #2".
 *
 * They are the same in each build of one source, as far as compilers agree: clones, ABI
 * tags and versions of inline namespaces are left out. For functions that were inlined
 * debug information may have no parameters, and none of its enclosing classes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* Return the details of a name as the database has it; "": it has none, or they are not
 * known. */
const char *details_of(struct arena *arena, const char *sym);

/* Return whether a name as the database has it has its parameters. */
bool details_are_full(const char *sym);

/* Return whether it was cut because it was too long (symbols/demangle.h). */
bool details_are_cut(const char *sym);

enum details_order {
	DETAILS_SAME,
	DETAILS_UNKNOWN,  /* one of them does not tell what the other does */
	DETAILS_NUMBERED, /* ... or numbers lambdas as another compiler does */
	DETAILS_SHIFTED,  /* lambdas of other numbers, counted through a whole file */
	DETAILS_OTHER,
};

/* Compare two details, of n and k bytes. Whichever order they are in, the result is the
 * same. */
enum details_order details_compare(const char *a, size_t n, const char *b, size_t k);
