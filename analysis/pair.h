/* SPDX-License-Identifier: MIT */
/*
 * Turns events into blocks: pairs every allocation with its end, and returns each block
 * once, when it ends; at last those that are live at the end of the trace.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/format.h"

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
	BLOCK_RELEASED =
		5, /* what it lay in ended, or its pool: nobody freed it itself */
	BLOCK_COLLECTED = 6, /* a garbage collector had it, and may have freed it */
};

struct pair_row {
	int64_t alloc_ns;
	int64_t lifetime_ns; /* -1: none */
	uint64_t size, address;
	uint32_t stack, alloc_thread;
	uint32_t free_stack, free_thread; /* if its end is in the trace */
	uint64_t free_size;               /* the size that a sized free gave, or 0 */
	uint32_t leak_owner; /* stack of the lost block that this one is lost with */
	uint32_t inside;     /* stack of the block that this one lies in (nest.h) */
	uint8_t end;         /* enum block_end */
	uint8_t leak;        /* of a live block: enum rhp_leak_kind */
	bool temporary;      /* its free was the next event of its thread */
};

/* leak_owner of a block that hangs below no other one that is known. */
#define PAIR_NO_OWNER UINT32_MAX
/* inside of a block that lies in no other one. */
#define PAIR_NOT_INSIDE UINT32_MAX

struct pair_totals {
	uint64_t allocations, frees, reallocs, failed_reallocs;
	int64_t last_ns;      /* of the last event */
	uint64_t left_blocks; /* at the end of the trace, not in others; as below */
	uint64_t leak_blocks[RHP_N_LEAK_KINDS],
		leak_bytes[RHP_N_LEAK_KINDS]; /* of them */
	uint64_t unscanned_blocks; /* older than the leak scan, and not in it */
	uint64_t in_realloc_blocks;
	uint64_t foreign_free;     /* of an address that is not live */
	uint64_t foreign_realloc;  /* the same */
	uint64_t unseen_free;      /* a live address was allocated again */
	uint64_t unpaired_realloc; /* its beginning is not in the trace */
	uint64_t clock_inversions; /* ended before it began, by the clock */
};

/* Begin to pair the events of a merge. All three stay the caller's. Returns 0 or
 * -ENOMEM. */
int pair_new(struct pair **pair, struct merge *merge, const struct reader *reader,
	     struct catalog *catalog);
void pair_free(struct pair *pair);

/*
 * Take up to n events and count their blocks, in the threads, too. This replaces
 * pair_next where a trace is followed (merge_go_on); it keeps no chains of reallocs.
 * Returns 1 if there were n events, 0 if there are no more for now, or an error of the
 * merge.
 */
int pair_follow(struct pair *pair, size_t n);

/*
 * The same, but stop before the first event that is at or after stop_ns, since tracing
 * began. pair_next_ns returns the time of the next event, if that was read to know it;
 * else -1.
 */
int pair_follow_until(struct pair *pair, size_t n, int64_t stop_ns);
int64_t pair_next_ns(const struct pair *pair);

/* The most blocks that one event can end: a realloc ends two if its new address was
 * live. */
#define PAIR_MAX_ROWS 2

/* Fill `rows`, which has PAIR_MAX_ROWS, with the next blocks that ended. Returns their
 * number, 0 after the last, or an error of the merge. */
int pair_next(struct pair *pair, struct pair_row *rows);

/* Take a chain of reallocs whose last block pair_next has returned. Returns 1, 0 if there
 * is no other, or -ENOMEM. */
int pair_next_chain(struct pair *pair, struct chain *chain);

/* Return the counts of recorded events; and the totals that they stand for, which are
 * estimates if the trace is a sample. They are final when pair_next has returned 0. */
const struct pair_totals *pair_totals(const struct pair *pair);
const struct tally *pair_tally(const struct pair *pair);

/* Return what lay in other blocks, which the tally does not count. */
struct nest;
const struct nest *pair_nest(const struct pair *pair);
