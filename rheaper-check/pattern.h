/* SPDX-License-Identifier: MIT */
/*
 * Patterns of names, with * for any text and ? for any character, and of stacks. For
 * suppressions and expectations.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct measure_stack;

enum pattern_what {
	PATTERN_FUNCTION,
	PATTERN_MODULE,
	PATTERN_SOURCE,
	PATTERN_ANY
};

struct pattern_step {
	enum pattern_what what;
	const char *pattern;
	int64_t line;  /* of PATTERN_SOURCE, 0: any */
	bool rest;     /* of a sequence: "...", any number of frames */
	bool anchored; /* fits frame `position`: 0 called the allocator, -1 is outermost
			*/
	int64_t position;
};

/* Whether a text fits a pattern as a whole. */
bool pattern_fits(const char *pattern, const char *text);

/* Whether steps fit a stack from the function that allocated on. */
bool pattern_fits_sequence(const struct pattern_step *steps, size_t n,
			   const struct measure_stack *stack);

/* Whether each of the steps fits a frame. */
bool pattern_fits_all(const struct pattern_step *steps, size_t n,
		      const struct measure_stack *stack);

/* A step of "at [N] FUNCTION" or "in [N] MODULE". False: it is something else. */
bool pattern_parse(struct pattern_step *step, struct arena *arena, const char *line);
