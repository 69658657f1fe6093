/* SPDX-License-Identifier: MIT */
/*
 * Which live blocks the program has lost. A child that shares nothing with the program
 * but a copy of its memory replays the trace, looks for pointers to the blocks in all
 * that the program could reach, and writes what it found to the trace; the program's
 * other threads run on meanwhile. docs/leaks.md has the method and its limits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/cc.h"
#include "trace/format.h"

struct rhp_leak_counts {
	uint64_t blocks[RHP_N_LEAK_KINDS], bytes[RHP_N_LEAK_KINDS];
	uint32_t other_threads; /* than the calling one, whose registers are not known */
};

/*
 * Scans now, for the calling thread, whose stack counts from `stack` on. 0 or -errno, in
 * which case the trace says that it failed, if that could be written: -EBUSY another
 * thread is at it, -ENOTSUP the trace does not have all blocks (a sample, a ring),
 * -ENODATA tracking is off. Waits for the child. Not in a signal handler.
 */
HIDDEN int rhp_leak_check(const void *stack, struct rhp_leak_counts *counts);

/* The same at the end of the program, if that is asked for or the trace has had a scan:
 * what was reachable then may be lost by now. What the functions that end the program
 * have on the stack does not count. Waits for another thread that is at it. */
HIDDEN void rhp_leak_at_exit(bool is_asked);
