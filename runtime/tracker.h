/* SPDX-License-Identifier: MIT */
/*
 * What a thread needs to record: a stream, and what is known of its stacks.
 * Trackers come from a pool and go back to it when their thread ends. Threads
 * beyond the limit, and threads whose end has come, share one overflow tracker
 * under a lock: slower, complete.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/os-lock.h"
#include "runtime/settings.h"
#include "runtime/stack.h"
#include "runtime/state.h"
#include "runtime/stream.h"
#include "runtime/thread.h"

struct rhp_tracker {
	struct rhp_stream stream;
	struct rhp_tracker *next, *next_free;
	struct rhp_lock lock; /* of the overflow tracker */
	uint32_t busy;        /* uses under way: of its thread, of handlers on top */
	uint32_t generation;  /* of the trace that the stream is in */
	int tid;              /* of the thread whose events it takes now, 0: free */
	uint16_t number; /* of the stream; 0: the overflow tracker, which is shared */
	uint16_t lost;   /* given up: somebody may still be at it */
	uint32_t free_stacks; /* 1: frees have their whole stack */
	struct rhp_stacks stacks;
};

/* Prepares the pool, for an open trace. 0 or -errno. */
HIDDEN int rhp_tracker_start(const struct rhp_settings *settings);

/*
 * Waits, after rhp_trace_stop(), until no event is being recorded, and then takes their
 * windows and all that they learned from the trackers. Gives a tracker up whose thread
 * does not come back from an event for a second (a handler jumped out of it). Not in a
 * signal handler.
 */
HIDDEN void rhp_tracker_retire(void);

/* Tells the trace the present names of all threads that have a tracker, before it ends.
 */
HIDDEN void rhp_tracker_name_all(void);

/*
 * The same in a forked child, for the parent's trackers: the calling thread, which is not
 * in an event, keeps its own. All others are given up; threads that had one take another.
 */
HIDDEN void rhp_tracker_adopt(void);

/* Calls visit() for all memory in which the runtime keeps words of threads' stacks: they
 * may look like pointers to the program's blocks. Stops when visit() does not return 0,
 * and returns that. */
HIDDEN int rhp_tracker_memory(int (*visit)(void *context, const void *start, size_t size),
			      void *context);

/* Whether the calling thread, or one of its handlers' callers, is in an event. */
static ALWAYS_INLINE bool rhp_tracker_is_busy(void)
{
	const struct rhp_tracker *t = rhp_thread.tracker;
	return t && t->busy != 0;
}

/*
 * Returns the calling thread's tracker, ready to be written to. NULL if tracking was
 * switched off, or if there is no tracker to be had: the event is counted as lost then.
 * Until rhp_tracker_done() no other trace takes the place of this one. If it is the
 * overflow tracker, it is locked until then, and signals are blocked.
 */
HIDDEN struct rhp_tracker *rhp_tracker_get_slowly(struct rhp_tracker *in_use);
static ALWAYS_INLINE struct rhp_tracker *rhp_tracker_get(void)
{
	struct rhp_tracker *t = rhp_thread.tracker;
	if (UNLIKELY(!t))
		return rhp_tracker_get_slowly(NULL);
	/* Who switches off sees that we are busy, or we see that it is off: the other
	 * half is in rhp_tracker_retire(). */
	__atomic_store_n(&t->busy, t->busy + 1, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (LIKELY(t->generation == rhp_state_generation()))
		return t;
	return rhp_tracker_get_slowly(t);
}

/* The same, but always the overflow tracker: for a handler that interrupted anything. */
HIDDEN struct rhp_tracker *rhp_tracker_get_shared(void);

/* The same, for the second half of a realloc: the tracker that has the first half,
 * because the reader pairs them by stream. */
HIDDEN struct rhp_tracker *rhp_tracker_again(void);

static ALWAYS_INLINE void rhp_tracker_done(struct rhp_tracker *tracker)
{
	if (UNLIKELY(tracker->number == 0))
		rhp_lock_drop(&tracker->lock);
	else
		__atomic_store_n(&tracker->busy, tracker->busy - 1, __ATOMIC_RELEASE);
}
