/* SPDX-License-Identifier: MIT */
/*
 * Remembers a walk by unwind rules. The registers that a walk begins with, and the words
 * that it has read so far, determine which words of the stack it reads next and what it
 * makes of them. So as long as the registers and those words are the same, the walk is
 * the same. Only new frames are walked; of the others only the words are compared.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/place.h"
#include "runtime/unwind.h"

/* A frame: its registers, the two words that its caller's were read from, and the
 * hash of the frames up to it. */
struct rhp_step {
	uintptr_t sp, ip, fp;
	uintptr_t ra_at, ra, fp_at, fp_was; /* fp_at is ra_at where fp was not saved */
	uint64_t hash;
	bool uses_fp; /* the caller's were found by fp */
};

struct rhp_trail {
	struct rhp_step *steps; /* outermost first; NULL: nothing can be remembered */
	struct rhp_step *fresh; /* new frames, innermost first */
	uint32_t n, capacity;
	uint32_t window;       /* frames that count, at most */
	uint32_t rest;         /* walks for which this is not tried, after failures */
	uint64_t window_power; /* the weight of the first frame that does not count */
};

HIDDEN size_t rhp_trail_room(uint32_t window);
HIDDEN void rhp_trail_init(struct rhp_trail *t, void *room, uint32_t window);

/* Forgets the walk: rules have changed, or the thread has another stack. */
static inline void rhp_trail_forget(struct rhp_trail *t)
{
	t->n = 0;
}

/*
 * Returns the hash of the innermost `window` frames of the stack whose innermost frame
 * has these registers. Returns 0 if it cannot be told this way: the stack has frames
 * without a usual rule (signals, code without unwind information), does not end as it
 * should, is very deep, or lies outside of what is known to be readable. One thread at a
 * time; a handler must not call this on top of itself.
 */
HIDDEN uint64_t rhp_trail_hash(struct rhp_trail *t, struct rhp_regs regs,
			       const struct rhp_bounds *stack, struct rhp_stream *out);
