/* SPDX-License-Identifier: MIT */
/*
 * Chains of reallocs: what becomes of a block that is resized again and again.
 * pair.c builds them and gives each to the store when its last block has ended.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct chain {
	uint64_t first_size, final_size;
	uint64_t copied; /* bytes, by steps that gave another address */
	uint32_t steps, moves;
	uint32_t first_stack, last_stack;
};

struct chains {
	struct chain *chains; /* by number - 1 */
	size_t n_chains, n_chains_max;
	uint32_t *unused; /* numbers that may be given again */
	size_t n_unused, n_unused_max;
};

struct live_block;

/*
 * A realloc turned a block into another: into *chain, the number of the new
 * block's chain. 0 or -ENOMEM. A zeroed struct chains is empty.
 */
int chains_step(struct chains *chains, const struct live_block *old,
		const struct live_block *block, uint32_t *chain);

/* Take a chain out; 0 or -ENOMEM. */
int chains_take(struct chains *chains, uint32_t number, struct chain *chain);

void chains_fini(struct chains *chains);
