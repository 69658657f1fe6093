/* SPDX-License-Identifier: MIT */
/* Matches patterns of stacks, for suppressions and expectations. glob.h has those of
 * names. */
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
	const char **others; /* patterns that are as good */
	size_t n_others;
	const char **files;  /* patterns of the file that must hold the code, or ... */
	size_t n_files;      /* 0, and no libraries: any */
	unsigned int linked; /* ... the libraries in the program that may (measure.h) */
	int64_t line;        /* of PATTERN_SOURCE, 0: any */
	bool rest;           /* in a sequence: "...", any number of frames */
	bool anchored; /* matches only frame `position`: 0 is innermost, -1 outermost */
	int64_t position;
};

/* Return whether the steps, in their order, match a stack that begins with the allocation
 * function. */
bool pattern_fits_sequence(const struct pattern_step *steps, size_t n,
			   const struct measure_stack *stack);

/* Return whether each step matches some frame of a stack. */
bool pattern_fits_all(const struct pattern_step *steps, size_t n,
		      const struct measure_stack *stack);

/*
 * Return whether each step matches some frame of a stack, or one that it has not: outer
 * frames are missing (measure_stack.gap), or code has no name that may have the one of
 * the step. For what the program calls, libraries of the language do not count.
 */
bool pattern_may_fit_all(const struct pattern_step *steps, size_t n,
			 const struct measure_stack *stack);

/* Return a copy of a stack, in the arena, without the names that are lost of its code, or
 * may be wrong (measure.h); NULL: it has all of its names. */
const struct measure_stack *pattern_forget_lost(struct arena *arena,
						const struct measure_stack *stack);

/* Return whether one of the steps names a function. */
bool pattern_has_names(const struct pattern_step *steps, size_t n);

/* Parse "at [N] FUNCTION" or "in [N] MODULE" as a step. Returns false if the line is
 * something else. */
bool pattern_parse(struct pattern_step *step, struct arena *arena, const char *line);

/* Add to a step what "or NAME" or "of FILE" says of it. Returns false if the line is
 * something else. */
bool pattern_refine(struct pattern_step *step, struct arena *arena, const char *line);
