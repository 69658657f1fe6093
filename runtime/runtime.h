/* SPDX-License-Identifier: MIT */
/*
 * What the shims of wrap/ call. A shim is:
 *
 *	if (!rhp_enter(RHP_FRAME_HERE))
 *		return real(...);
 *	... rhp_on_free()
 *	struct rhp_place before = rhp_real_begin(RHP_FRAME_HERE);
 *	... the real function
 *	rhp_real_end(before);
 *	... rhp_on_alloc()
 *
 * rhp_enter() is false when tracking is off, and when the thread is inside a
 * real function that another shim called: the outermost wrapped function is the
 * one recorded. A signal handler that interrupts a shim elsewhere records as
 * usual; one that interrupts the real function cannot be told from it.
 * Everything here keeps errno, allocates nothing, may be called in a signal
 * handler, and holds no lock on its usual path. Addresses are stamped in the
 * order that docs/reference/trace-format.md proves right: a free before, an allocation
 * after the real call, a realloc both.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/capture.h"
#include "runtime/functions.h"
#include "runtime/process.h"
#include "runtime/sample.h"
#include "runtime/state.h"
#include "runtime/thread.h"

/*
 * Events. `frame` is that of the shim, RHP_FRAME_HERE: its saved registers are where the
 * stack starts. Those about a block p that was there before are
 * for blocks that rhp_is_recorded().
 */

/* The allocator has handed out a block, not NULL; the caller asked for `size` bytes. */
HIDDEN void rhp_record_alloc(enum rhp_function function, const void *frame, const void *p,
			     size_t size);

/* A block is about to be freed. `size` is what the caller says it has, or 0. */
HIDDEN void rhp_record_free(enum rhp_function function, const void *frame, const void *p,
			    size_t size);

/* A block p is about to be resized. Then: the allocator has returned q for it. */
HIDDEN void rhp_record_realloc_begin(const void *p);
HIDDEN void rhp_record_realloc_end(enum rhp_function function, const void *frame,
				   const void *p, const void *q, size_t size);

/*
 * The same of a declared function whose family is told: an ALLOC, a FREE or a
 * REALLOC_BEGIN; and the second half of that. Whether a new block is of the sample is
 * asked before.
 */
HIDDEN void rhp_record_told(const struct rhp_stream_family *f, enum rhp_function function,
			    const void *frame, enum rhp_code code, const void *p,
			    size_t size);
HIDDEN void rhp_record_realloc_end_told(const struct rhp_stream_family *f,
					enum rhp_function function, const void *frame,
					const void *p, const void *q, size_t size);

/* The same second half, of a block that a shared library resizes while the capture is
 * `link`. Such libraries' own allocations are not recorded then, but the lives of blocks
 * that they were given are. */
HIDDEN void rhp_record_realloc_followed(const void *p, const void *q, size_t size);

/* Writes a mark: whether that could be done. The second is for a handler of ours, which
 * may have interrupted anything. */
HIDDEN bool rhp_record_mark(const char *text);
HIDDEN bool rhp_record_mark_from_outside(const char *text);

/* Writes how much of the process is in memory. For any thread, and a handler of ours. */
HIDDEN void rhp_record_resident(void);

/* Begins a scope: returns the number that ends it, or 0 if it could not be recorded. */
HIDDEN uint32_t rhp_record_begin(const char *name);
HIDDEN void rhp_record_end(uint32_t scope);

/* The parts of rhp_enter() that are seldom needed: a call starts the runtime, or its
 * thread may be inside a real function. */
HIDDEN bool rhp_enter_slowly(const void *frame);

/* The runtime that a shim calls: its own module's. The shims of a plug-in call that of
 * the module that leads. */
#ifdef RHP_PLUGIN
#define RHP_RUNTIME(name) __atomic_load_n(&rhp_process, __ATOMIC_ACQUIRE)->name
#define RHP_THREAD (*RHP_RUNTIME(thread)())
#define RHP_STATE (*RHP_RUNTIME(state))
#else
#define RHP_RUNTIME(name) rhp_##name
#define RHP_THREAD rhp_thread
#define RHP_STATE rhp_control.state
#endif

static ALWAYS_INLINE bool rhp_enter(const void *frame)
{
	uint32_t state = __atomic_load_n(&RHP_STATE, __ATOMIC_ACQUIRE);
	if (LIKELY(state >= RHP_OFF))
		return false;
	if (LIKELY(state == RHP_ON && RHP_THREAD.guard.frame == 0))
		return true;
	return RHP_RUNTIME(enter_slowly)(frame);
}

/* Whether a block that is about to be freed or resized is recorded. To be asked once: it
 * is no longer in the sample then. */
static ALWAYS_INLINE bool rhp_is_recorded(const void *p)
{
#ifdef RHP_PLUGIN
	return RHP_RUNTIME(sample_freed)(p);
#else
	return rhp_sample_freed(p);
#endif
}

/* rhp_enter() for a free. */
static ALWAYS_INLINE bool rhp_enter_free(const void *frame, const void *p)
{
	return p && rhp_enter(frame) && rhp_is_recorded(p);
}

/*
 * Whether sampling is on, and the call is surely not of the sample: an allocation of
 * `size` bytes, or the free of a block. The shim then calls the real function and does
 * nothing else, except that it guards a real function that may call another wrapped one.
 */
#ifdef RHP_PLUGIN
#define rhp_passes(size) false
#define rhp_passes_free(p) false
#else
static ALWAYS_INLINE bool rhp_passes(size_t size)
{
	return UNLIKELY(rhp_sample.mean != 0) && rhp_thread.guard.frame == 0 &&
	       rhp_sample_passes(size);
}

static ALWAYS_INLINE bool rhp_passes_free(const void *p)
{
	return UNLIKELY(rhp_sample.mean != 0) &&
	       rhp_address_set_lacks(&rhp_sample.blocks, rhp_untagged((uintptr_t)p));
}
#endif

/* Guard the real function. rhp_real_end() puts the guard back as it was: we may be in a
 * handler that interrupted another shim between its two. */
static ALWAYS_INLINE struct rhp_place rhp_real_begin(const void *frame)
{
	struct rhp_thread *thread = &RHP_THREAD;
	struct rhp_place before = thread->guard;
	rhp_place_set(&thread->guard, frame);
	return before;
}

static ALWAYS_INLINE void rhp_real_end(struct rhp_place before)
{
	struct rhp_thread *thread = &RHP_THREAD;
	rhp_place_clear(&thread->guard);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	thread->guard = before;
}

static ALWAYS_INLINE void rhp_on_alloc(enum rhp_function function, const void *frame,
				       const void *p, size_t size)
{
#ifndef RHP_PLUGIN
	if (!rhp_sample_allocated(p, size))
		return;
#endif
	RHP_RUNTIME(record_alloc)(function, frame, p, size);
}

static ALWAYS_INLINE void rhp_on_free(enum rhp_function function, const void *frame,
				      const void *p, size_t size)
{
	RHP_RUNTIME(record_free)(function, frame, p, size);
}

/* Returns true if the shim must call rhp_on_realloc_end(), and false if the result is a
 * new block to the trace: rhp_on_alloc(). */
static ALWAYS_INLINE bool rhp_on_realloc_begin(const void *p)
{
	if (!rhp_is_recorded(p))
		return false;
	RHP_RUNTIME(record_realloc_begin)(p);
	return true;
}

static ALWAYS_INLINE void rhp_on_realloc_end(enum rhp_function function,
					     const void *frame, const void *p,
					     const void *q, size_t size)
{
	RHP_RUNTIME(record_realloc_end)(function, frame, p, q, size);
}
