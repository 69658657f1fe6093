/* SPDX-License-Identifier: MIT */
/* How threads of this process wait for each other; what os-call.h says holds. */
#pragma once

#include <stdint.h>

#include "runtime/cc.h"

/*
 * A lock for the slow paths. Whoever holds it has all signals blocked, so that no
 * handler of the same thread can want it; waiters yield. Not recursive. What another
 * thread held when a child was forked is free in the child, once the child has a number
 * of its own.
 */
struct rhp_lock {
	uint32_t held; /* by a process of this number, 0: free */
	uint64_t signals;
};
HIDDEN void rhp_lock_take(struct rhp_lock *lock);
HIDDEN void rhp_lock_drop(struct rhp_lock *lock);

/* The number of this process: 1 for the first one that the runtime is in, one more in
 * each forked child that the runtime takes for its own (state.h). */
extern HIDDEN uint32_t rhp_os_process;

/* Waits for another thread, in a loop that counts its rounds: yields at first, then
 * sleeps, 50 us and at last a millisecond. */
#define RHP_OS_SHORT_WAITS 1000
HIDDEN void rhp_os_wait(unsigned round);

/*
 * Puts a memory barrier into every thread of this process: we see what they stored
 * before, and they see what we stored. The other half of an asymmetric pair, whose first
 * half is a fence for the compiler alone. To be prepared once.
 */
HIDDEN void rhp_os_barrier_prepare(void);
HIDDEN void rhp_os_barrier(void);
