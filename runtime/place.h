/* SPDX-License-Identifier: MIT */
/*
 * A place that a thread is at: the frame of a function that notes it and clears
 * it again before it returns. A function that was left by longjmp clears
 * nothing; so whoever finds a place noted asks whether it is alive still. For
 * one thread and the signal handlers on top of it, on whatever stacks.
 *
 * A frame is told by the address of its record: two words, the frame pointer of the
 * caller and the return address.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/cc.h"

/* Part of a stack that is known to be readable. */
struct rhp_bounds {
	uintptr_t low, high;
};

/* The record that a frame pointer leads to. On riscv64 it lies below, elsewhere there. */
static ALWAYS_INLINE uintptr_t rhp_record_of(uintptr_t frame_pointer)
{
#if defined(__riscv)
	return frame_pointer - 2 * sizeof(uintptr_t);
#else
	return frame_pointer;
#endif
}

/* That of the calling function. On ARM functions have none, so it is made: as far as the
 * block where this stands. */
#if defined(__arm__)
#define RHP_FRAME_HERE ((void *)(uintptr_t[2]){0, (uintptr_t)__builtin_return_address(0)})
#else
#define RHP_FRAME_HERE ((void *)rhp_record_of((uintptr_t)__builtin_frame_address(0)))
#endif

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
