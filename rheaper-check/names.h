/* SPDX-License-Identifier: MIT */
/*
 * What a call site is called in a baseline: its program, and the names of its functions
 * from the innermost to main, one below the other in one text, the key. Keys of the same
 * place are equal after a rebuild, on another machine, after lines have moved.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

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

/*
 * Whether two keys may be of one place, one of which lost callers to an optimization (a
 * call that is the last thing a function does becomes a jump, and its frame is gone): of
 * one program, and the functions of one are a part of the other's, in the same order and
 * not less than half of them.
 */
bool names_related(const char *a, const char *b);
