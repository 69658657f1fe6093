/* SPDX-License-Identifier: MIT */
/*
 * What a call site is called in a baseline: its program, and the names of its functions
 * from the innermost to main, one below the other in one text, the key. Keys of the same
 * place are equal after a rebuild, on another machine, after lines have moved.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

#define NAMES_MAX_FRAMES 32

/* A function's name as it stands in a key; "" if it does not. */
const char *names_plain(struct arena *arena, const char *sym);

/*
 * The key of a program and functions, innermost first, of which each is what
 * names_plain made of it. Functions behind main do not count, nor do those behind the
 * NAMES_MAX_FRAMES that do; of a function that calls itself, one call does.
 */
const char *names_key(struct arena *arena, const char *program,
		      const char *const *functions, size_t n);

/* The length of the program's name in a key. */
size_t names_program(const char *key);

/* What tells of most keys at once that they are not related: how many functions they
 * have, and a bit for each, by its name without namespaces. */
struct names_shape {
	size_t n;
	uint64_t functions;
};

struct names_shape names_shape(const char *key);

/*
 * Whether two keys may be of one place: of one program, and the functions of one are
 * those of the other, in the same order, or not less than half of them. A call that is
 * the last thing a function does becomes a jump, and its frame is gone. And a function of
 * C++ that was inlined may have lost its namespaces and classes: gcc does not name them
 * in what other files cannot call, clang not at -g1.
 */
bool names_related(const char *a, const struct names_shape *a_shape, const char *b,
		   const struct names_shape *b_shape);
