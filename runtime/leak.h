/* SPDX-License-Identifier: MIT */
/*
 * Which live blocks the program has lost. A child that shares nothing with the program
 * but a copy of its memory replays the trace, looks for pointers to the blocks in all
 * that the program could reach, and writes what it found to the trace; the program's
 * other threads run on meanwhile. docs/explanation/leaks.md has the method and its
 * limits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "contract/format.h"
#include "runtime/cc.h"

struct rhp_leak_counts {
	uint64_t blocks[RHP_N_LEAK_KINDS], bytes[RHP_N_LEAK_KINDS];
	uint32_t other_threads; /* than the calling one, whose registers are not known */
};

/*
 * Scans now, and waits for the child. With the name of a snapshot, the trace gets the
 * pointers, too, as the graph of that name; it says so if they cannot be written, which
 * changes nothing for the rest. Of the calling thread's stack, pointers from the
 * address `stack` on count, where the frame of whoever asked ends; and the registers that
 * were saved below it. Returns 0 and the counts, or -errno: -EBUSY if another thread
 * is scanning or the program is ending, -ENOTSUP if the trace does not have all blocks (a
 * sample, a ring), -ENODATA if tracking is off. The trace says that a scan failed, where
 * that can be written. Not in a signal handler.
 */
HIDDEN int rhp_leak_check(const void *stack, const char *snapshot,
			  struct rhp_leak_counts *counts);

/*
 * The same, with a graph, for a signal handler, whatever that interrupted: somebody
 * outside has asked for it. Also -ECHILD in a forked child that is its parent's still.
 * The thread waits in the handler.
 */
HIDDEN int rhp_leak_check_from_outside(const char *snapshot);

/* What RHEAPER_LEAK_SCAN asks for. */
enum rhp_leak_scan {
	RHP_LEAK_SCAN_NONE = 0,
	RHP_LEAK_SCAN_PLAIN = 1,
	RHP_LEAK_SCAN_GRAPH = 2,
};

/*
 * Scans at the end of the program, if that is asked for, or if the trace has had a scan
 * before: what was reachable then may be lost by now. Pointers in the frames of exit()
 * and of what it calls do not count. Waits for another thread that is scanning;
 * from now on none begins.
 */
HIDDEN void rhp_leak_at_exit(enum rhp_leak_scan asked);
