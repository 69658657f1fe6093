/* SPDX-License-Identifier: MIT */
/*
 * Events in, blocks out: pairs every allocation with its end and gives each
 * block once, when it ends, and those that are live when the trace ends.
 * Knows no SQL.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/format.h"

struct catalog;
struct chain;
struct merge;
struct pair;
struct reader;
struct tally;

enum block_end {
	BLOCK_FREED = 0,
	BLOCK_REALLOC = 1,
	BLOCK_LIVE = 2,
	BLOCK_UNSEEN = 3,     /* its address was handed out again */
	BLOCK_IN_REALLOC = 4, /* the trace ended in a realloc of it */
};

struct pair_row {
	int64_t alloc_ns;
	int64_t lifetime_ns; /* -1: none */
	uint64_t size, address;
	uint32_t stack, alloc_thread;
	uint32_t free_stack, free_thread; /* if it was seen to end */
	uint64_t free_size;               /* what a sized free said that it has, or 0 */
	enum block_end end;
	uint8_t leak;   /* of a live block: enum rhp_leak_kind */
	bool temporary; /* freed by what its thread did next in its stream */
};

struct pair_totals {
	uint64_t allocations, frees, reallocs, failed_reallocs;
	int64_t last_ns;      /* of the last event */
	uint64_t left_blocks; /* at the end of the trace */
	uint64_t leak_blocks[RHP_N_LEAK_KINDS],
		leak_bytes[RHP_N_LEAK_KINDS]; /* of them */
	uint64_t in_realloc_blocks;
	uint64_t foreign_free;     /* of an address that is not live */
	uint64_t foreign_realloc;  /* the same */
	uint64_t unseen_free;      /* a live address was handed out again */
	uint64_t unpaired_realloc; /* its beginning is not in the trace */
	uint64_t clock_inversions; /* ended before it began, by the clock */
};

/* Pair the events of a merge; all three stay the caller's. 0 or -ENOMEM. */
int pair_new(struct pair **pair, struct merge *merge, const struct reader *reader,
	     struct catalog *catalog);
void pair_free(struct pair *pair);

/*
 * Instead of pair_next, for a merge that goes on (merge_go_on): take up to n events, and
 * count their blocks. 1 if there were as many, 0 if there are no more for now, or an
 * error of the merge. Threads are counted, too; chains of reallocs are not kept.
 */
int pair_follow(struct pair *pair, size_t n);

/* Blocks that one event ends at the most: a realloc ends two if its new address was
 * live. */
#define PAIR_MAX_ROWS 2

/* The next blocks that ended: how many, at the most PAIR_MAX_ROWS; 0 after the last; or
 * an error of the merge. */
int pair_next(struct pair *pair, struct pair_row *rows);

/* A chain of reallocs that ended with what pair_next gave: 1, 0 if there is no more,
 * -ENOMEM. */
int pair_next_chain(struct pair *pair, struct chain *chain);

/* Events as they were recorded; and what they stand for, which is final when pair_next
 * has given 0. */
const struct pair_totals *pair_totals(const struct pair *pair);
const struct tally *pair_tally(const struct pair *pair);
