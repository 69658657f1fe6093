/* SPDX-License-Identifier: MIT */
/*
 * The chain of frame pointers from a frame to the base of its stack, as a hash. A
 * thread's stack is mostly the same from one allocation to the next, so the chain is
 * remembered: only frames that are new are followed, one after the other; the others
 * are looked at again all at once, for nothing in them depends on the one before.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/place.h"

/* A frame: where it is, its two words, and the hash of the frames up to it. */
struct rhp_link {
	uintptr_t at, next, ip;
	uint64_t hash;
};

struct rhp_chain_memory {
	struct rhp_link *links; /* outermost first; NULL: nothing can be remembered */
	struct rhp_link *fresh; /* new frames, innermost first */
	uint32_t n, capacity;
	bool is_whole;         /* the first link is the end of the chain */
	uint64_t before;       /* the hash of what was before the first link */
	uint64_t below;        /* what stands for the frames beyond the base */
	uint32_t window;       /* frames that count, at most */
	uint64_t window_power; /* the weight of the first one that does not */
	struct rhp_place busy; /* who uses this memory; a handler on top does without */
};

/* The bytes that a memory for `window` frames needs. */
HIDDEN size_t rhp_chain_room(uint32_t window);

/* Prepares a memory; `room` is of the size above, or NULL. */
HIDDEN void rhp_chain_init(struct rhp_chain_memory *m, void *room, uint32_t window);

/* Forgets the frames: the thread has another stack, or the chain ends elsewhere. */
static inline void rhp_chain_forget(struct rhp_chain_memory *m)
{
	m->n = 0;
}

/* Says what stands for the frames beyond the base, if it is not 1. */
static inline void rhp_chain_set_below(struct rhp_chain_memory *m, uint64_t below)
{
	m->n = 0;
	m->below = below;
}

/*
 * Returns the hash of the innermost `window` frames of the chain that begins at `frame`.
 * The chain ends at `base`, and then what is below counts, or where the next frame does
 * not lie between the present one and `last`. The caller knows that everything from
 * `frame` to `last` is readable. One thread at a time; async-signal-safe.
 */
HIDDEN uint64_t rhp_chain_hash(struct rhp_chain_memory *m, uintptr_t frame,
			       uintptr_t last, uintptr_t base);
