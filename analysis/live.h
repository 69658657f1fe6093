/* SPDX-License-Identifier: MIT */
/*
 * The blocks that are live at one point of a trace, by address: what pair.c
 * asks for at every event.
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
 * Put a block in. 1 with *old if its address was taken, by a block that is now
 * gone; 0 if not; -ENOMEM. A zeroed struct live is empty. Addresses have 56 bits,
 * sizes 48 (larger ones become that), threads 24 (larger ones become 0).
 */
int live_put(struct live *live, const struct live_block *block, struct live_block *old);

/* Take the block at an address out; false if there is none. */
bool live_take(struct live *live, uint64_t address, struct live_block *block);

/* This address will soon be asked for: have its slot in the cache. */
void live_expect(const struct live *live, uint64_t address);

/* Most often the stack of the block at this address, else that of another, or 0. */
uint32_t live_guess_stack(const struct live *live, uint64_t address);

/* From now on only live_next is asked: the blocks in the order in which they were
 * allocated, false after the last. */
void live_sort(struct live *live);
bool live_next(struct live *live, struct live_block *block);

void live_fini(struct live *live);
