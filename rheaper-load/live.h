/* SPDX-License-Identifier: MIT */
/*
 * The blocks that are live at one point of a trace, by address: what pair.c
 * asks for at every event.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct live_block {
	uint64_t address; /* not 0 */
	uint64_t size;
	int64_t alloc_ns;
	uint32_t stack;
	uint32_t thread;
	uint32_t chain; /* of reallocs that it belongs to, 0: none */
};

struct live {
	struct live_block *slots;
	size_t n_slots, n_blocks;
	unsigned int shift;
};

/*
 * Put a block in. 1 with *old if its address was taken, by a block that is now
 * gone; 0 if not; -ENOMEM. A zeroed struct live is empty.
 */
int live_put(struct live *live, const struct live_block *block, struct live_block *old);

/* Take the block at an address out; false if there is none. */
bool live_take(struct live *live, uint64_t address, struct live_block *block);

/*
 * All blocks in the order in which they were allocated. The map is empty
 * afterwards, and the array belongs to it until live_fini.
 */
struct live_block *live_sort(struct live *live, size_t *n_blocks);

void live_fini(struct live *live);
