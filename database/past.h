/* SPDX-License-Identifier: MIT */
/*
 * Reads what was when in the chosen processes of a profile: blocks, what was live over
 * time, marks. Every function dies if the database cannot be read. Figures of a sample
 * are estimates for the whole.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct profile;

/* What each stack had live at a few moments, and how long its blocks lived. */
#define PAST_MOMENTS 4
struct past_stack {
	int64_t stack;
	int64_t lifetime_ns;     /* of all its blocks together; to the end of live ones */
	int64_t own_peak_blocks; /* live when most of its bytes were */
	int64_t live_bytes[PAST_MOMENTS];
};

/*
 * Read the stacks of one process one after the other, in the order of profile_each_stack.
 * The moments are in nanoseconds since tracing began; NULL: live_bytes is not filled.
 * Reads every block of the process.
 */
struct past *past_open(struct profile *profile, const int64_t *moments);
/* Return the stack of that number, which is higher than the last one's; all is 0 if no
 * block is known. */
struct past_stack past_find(struct past *past, int64_t stack);
void past_close(struct past *past);

/* A point of the timeline. */
struct past_point {
	double at_ms;
	int64_t live_bytes;
	int64_t peak_bytes; /* most since the last point */
};

/* Visit each point in the order of time. */
void past_each_point(struct profile *profile,
		     void (*visit)(void *context, const struct past_point *point),
		     void *context);

/* A block. */
struct past_block {
	int64_t block;
	int64_t stack, free_stack; /* 0: unknown */
	int64_t tid, free_tid;     /* 0: unknown */
	int64_t alloc_ns, free_ns; /* free_ns -1: it was not freed; unknown: alloc_ns */
	int64_t bytes;             /* for which it stands */
	int64_t address;
};

/* Visit each block, in the order of lots. */
void past_each_block(struct profile *profile,
		     void (*visit)(void *context, const struct past_block *block),
		     void *context);

/* Count the blocks, what they stand for in bytes, and their ends that are known. */
struct past_sums {
	int64_t blocks, frees, bytes;
};
struct past_sums past_sum(struct profile *profile);

/* A mark, whose end is its beginning, or a scope. */
struct past_mark {
	int64_t begin_ns, end_ns;
	bool scope;
	const char *text;
};

/* Visit each mark and scope in the order of their beginning, at most `limit`. */
void past_each_mark(struct profile *profile, int64_t limit,
		    void (*visit)(void *context, const struct past_mark *mark),
		    void *context);
