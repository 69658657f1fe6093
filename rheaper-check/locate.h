/* SPDX-License-Identifier: MIT */
/* Locates findings in the source. For the reports. */
#pragma once

#include "rheaper-check/findings.h"

/*
 * Return the frame that a report points at: the innermost one, from the owner of the
 * stack outwards, with a line in a file below the root of the sources; else the innermost
 * one of all with such a line; else, in the same order, one with a line in another file;
 * else NULL. Frames of the libraries of C, C++ and Rust do not count.
 */
const struct measure_frame *locate_frame(const struct finding *finding);

/* Return the same frame of a stack, or NULL. */
const struct measure_frame *locate_in_stack(const struct measure_stack *stack);

/* Return what a report calls a function: its short name, unless whole names are wanted.
 */
const char *locate_name(const struct verdict *verdict, const struct measure_frame *frame);

/*
 * Return the line above the frames of a stack: the allocator, and by which wrappers and
 * libraries its memory came to the owner; "[unknown]" if that is. *first becomes the
 * index of the first frame to show below it. With whole names that is the allocator
 * alone, and the innermost frame.
 */
const char *locate_chain(const struct verdict *verdict, const struct measure_stack *stack,
			 size_t *first);

/* A line of a file. */
struct place {
	const char *file;                  /* as reports have it */
	bool is_below_root;                /* of the sources */
	int64_t line;                      /* from 1 */
	const struct measure_frame *frame; /* whose line it is, or NULL */
};

/*
 * Return the place of a finding, which each has: that of its frame; else of the rule that
 * it breaks, or of the baseline; else the file of its program. For readers who refuse a
 * report with a finding that is nowhere.
 */
struct place locate_place(const struct verdict *verdict, const struct finding *finding);

/* Return a finding in a few words: "new leak: 1 block, 5 bytes". */
const char *locate_title(const struct verdict *verdict, const struct finding *finding);

/* Return the stack of a finding, a line for each frame up to main, and what hangs below
 * its blocks, as locate_owned has it; "" if it has none. */
const char *locate_stack(const struct verdict *verdict, const struct finding *finding);

/* Return what hangs below the blocks of a finding, a line that begins with `indent` for
 * each call site; of many, the largest. "" if there is nothing. */
const char *locate_owned(const struct verdict *verdict, const struct finding *finding,
			 const char *indent);

/* Say what a report leaves out that has room for the first n findings only: "7 more
 * findings: 9 blocks, 150 bytes". */
const char *locate_rest(const struct verdict *verdict, size_t n);

/* Return an improvement in one line, with its functions. */
const char *locate_better(const struct verdict *verdict,
			  const struct improvement *improvement);
