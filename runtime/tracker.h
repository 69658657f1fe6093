/* SPDX-License-Identifier: MIT */
/*
 * What a thread needs to record: a stream, and what is known of its stacks.
 * Trackers come from a pool and go back to it when their thread ends. Threads
 * beyond the limit, and threads whose end has come, share one overflow tracker
 * under a lock: slower, complete.
 */
#pragma once

#include <stdint.h>

#include "runtime/os.h"
#include "runtime/settings.h"
#include "runtime/stack.h"
#include "runtime/stream.h"
#include "runtime/thread.h"

struct rhp_tracker {
	struct rhp_stream stream;
	struct rhp_tracker *next, *next_free;
	struct rhp_lock lock; /* of the overflow tracker */
	int tid;              /* of the thread whose events it takes now, 0: free */
	int shared;           /* it is the overflow tracker */
	struct rhp_stacks stacks;
};

/* Prepares the pool, for an open trace. 0 or -errno. */
HIDDEN int rhp_tracker_start(const struct rhp_settings *settings);

/*
 * The calling thread's tracker, ready to be written to, or NULL if there is
 * none (the event is then counted as lost). rhp_tracker_done() ends the use:
 * the overflow tracker is locked in between, and signals are blocked.
 */
HIDDEN struct rhp_tracker *rhp_tracker_get_slowly(void);
static ALWAYS_INLINE struct rhp_tracker *rhp_tracker_get(void)
{
	struct rhp_tracker *t = rhp_thread.tracker;
	return LIKELY(t) ? t : rhp_tracker_get_slowly();
}

/* The same, for the second half of a realloc: surely the stream that has the
 * first half, for they are paired by stream. */
HIDDEN struct rhp_tracker *rhp_tracker_again(void);

static ALWAYS_INLINE void rhp_tracker_done(struct rhp_tracker *tracker)
{
	if (UNLIKELY(tracker->shared))
		rhp_lock_drop(&tracker->lock);
}
