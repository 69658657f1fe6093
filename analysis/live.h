/* SPDX-License-Identifier: MIT */
/*
 * Holds the blocks that are live at one point of a trace, by address. pair.c looks one up
 * at every event.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct live_slot;

struct live_block {
	uint64_t address; /* not 0 */
	uint64_t size;
	int64_t alloc_ns;
	uint32_t stack;
	uint32_t thread;
	uint32_t chain; /* of reallocs that it belongs to, 0: none */
	/* nest.h: how many others it lies in, and the stack of the innermost of them.
	 * Blocks here lie in none. */
	uint32_t level, inside;
};

#define LIVE_PARTS 64

struct live {
	struct live_part {
		struct live_slot *slots;
		size_t n_slots, n_blocks;
		size_t n_taken; /* by live_next */
	} parts[LIVE_PARTS];
};

/*
 * Insert a block. Returns 0; 1 if another block had its address, which is removed and
 * copied to *old; or -ENOMEM. A zeroed struct live is empty. Addresses have 56 bits,
 * sizes 48 (larger ones are cut to the largest), threads 24 (larger ones become 0).
 */
int live_put(struct live *live, const struct live_block *block, struct live_block *old);

/* Remove the block at an address and copy it to *block. Returns false if there is
 * none. */
bool live_take(struct live *live, uint64_t address, struct live_block *block);

/* Find the block at an address and copy it to *block. Returns false if there is none. */
bool live_find(const struct live *live, uint64_t address, struct live_block *block);

/* Prefetch the slot of an address that will soon be looked up. */
void live_expect(const struct live *live, uint64_t address);

/* Return the stack that the block at this address probably has, for a prefetch: it may be
 * that of another block, or 0. */
uint32_t live_guess_stack(const struct live *live, uint64_t address);

/* Copy the next block in no order to *block. Returns false after the last one. A zeroed
 * cursor stands before the first. */
struct live_cursor {
	size_t part, slot;
};
bool live_walk(const struct live *live, struct live_cursor *cursor,
	       struct live_block *block);

/* Sort the blocks in the order in which they were allocated. Only live_next may be called
 * afterwards. */
void live_sort(struct live *live);

/* Copy the next block to *block. Returns false after the last one. */
bool live_next(struct live *live, struct live_block *block);

void live_fini(struct live *live);
