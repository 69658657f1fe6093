/* SPDX-License-Identifier: MIT */
/*
 * Follows chains of reallocs: blocks that are resized again and again. pair.c builds the
 * chains, and takes each out when its last block has ended.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct chain {
	uint64_t first_size, final_size;
	uint64_t copied; /* bytes, by steps that moved the block */
	uint32_t steps, moves;
	uint32_t first_stack, last_stack;
};

struct chains {
	struct chain *chains; /* by number - 1 */
	size_t n_chains, n_chains_max;
	uint32_t *unused; /* numbers to use again */
	size_t n_unused, n_unused_max;
};

struct live_block;

/*
 * Record that a realloc turned the block `old` into `block`, and set *chain to the number
 * of their chain, which is a new one if `old` has none. Returns 0 or -ENOMEM. A zeroed
 * struct chains is empty.
 */
int chains_step(struct chains *chains, const struct live_block *old,
		const struct live_block *block, uint32_t *chain);

/* Copy a chain to *chain and free its number. Returns 0 or -ENOMEM. */
int chains_take(struct chains *chains, uint32_t number, struct chain *chain);

void chains_fini(struct chains *chains);
