/* SPDX-License-Identifier: MIT */
/* Reads the mangled names of D. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Write the name of a function or variable of D as its source has it,
 * "std.array.join", without parameters, types and template arguments: `add` is called
 * with one piece after another, and may leave by longjmp. Returns false if the name is
 * not one of D; what was written then is of no use. Takes time in proportion to the
 * length of the name, and its square at the worst.
 */
bool d_name_write(const char *name,
		  void (*add)(const char *piece, size_t n, void *context), void *context);
