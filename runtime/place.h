/* SPDX-License-Identifier: MIT */
/*
 * A place that a thread is at: the frame of a function that notes it and clears
 * it again before it returns. A function that was left by longjmp clears
 * nothing; so whoever finds a place noted asks whether it is alive still. For
 * one thread and the signal handlers on top of it, on whatever stacks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/cc.h"

/* Part of a stack that is known to be readable. */
struct rhp_bounds {
	uintptr_t low, high;
};

#define RHP_PLACE_OURS 1 /* the runtime is: until it clears the place */

struct rhp_place {
	uintptr_t frame; /* 0: none; RHP_PLACE_OURS */
	uintptr_t ip;    /* the return address that stands in that frame */
};

/* Notes the frame of the calling function, or of one that called it. */
READS_STACKS static ALWAYS_INLINE void rhp_place_set(struct rhp_place *place,
						     const void *frame)
{
	place->ip = ((const uintptr_t *)frame)[1];
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	*(volatile uintptr_t *)&place->frame = (uintptr_t)frame;
}

static ALWAYS_INLINE void rhp_place_clear(struct rhp_place *place)
{
	*(volatile uintptr_t *)&place->frame = 0;
}

/*
 * Whether the function that noted the place is still running, as far as can be told: its
 * frame still holds its return address, and does not lie below `here` on the same stack.
 * `stack` is what is known of this thread's stack, or NULL.
 */
HIDDEN bool rhp_place_alive(const struct rhp_place *place, const void *here,
			    const struct rhp_bounds *stack);
