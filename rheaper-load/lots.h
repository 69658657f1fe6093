/* SPDX-License-Identifier: MIT */
/*
 * Blocks on their way to the database: sorted by what they have in common. A batch
 * of rows becomes lots (schema.sql), so that a row needs only what is its own. For
 * pipe.c, which fills batches, and store.c, which writes them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rheaper-load/chains.h"
#include "rheaper-load/pair.h"

#define BATCH_MAX_ROWS ((size_t)1 << 20)

struct lot {
	uint64_t sampled_size; /* 1 + size if the trace was sampled, or 0 */
	uint64_t free_size;    /* that a sized free said, if it was wrong; or 0 */
	uint32_t stack, free_stack;
	uint32_t alloc_thread, free_thread;
	uint32_t end; /* enum block_end */
	uint16_t ended, temporary;
	/* Up to here a lot is what it is by; */
	uint32_t n_rows;
	uint64_t bytes;
};

struct batch_row {
	int64_t alloc_ns, lifetime_ns; /* lifetime -1: none */
	uint64_t size, address;
};

/* Sorted: the rows of the first lot, of the second, ... */
struct batch {
	struct batch_row *rows; /* BATCH_MAX_ROWS */
	size_t n_rows;
	struct lot *lots;
	size_t n_lots, n_lots_max;
	struct chain *chains; /* of reallocs that ended meanwhile */
	size_t n_chains, n_chains_max;
};

struct lots;

/* NULL: out of memory. A sampled trace has lots of one size each. */
struct lots *lots_new(void);
void lots_free(struct lots *lots);

/* 0 or -ENOMEM. */
int lots_add(struct lots *lots, const struct pair_row *row, bool sampled);
int lots_add_chain(struct lots *lots, const struct chain *chain);
bool lots_is_full(const struct lots *lots);

/* Move all that was added to a batch, over what it had. 0 or -ENOMEM. */
int lots_move(struct lots *lots, struct batch *batch);
void batch_fini(struct batch *batch);
