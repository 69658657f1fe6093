/* SPDX-License-Identifier: MIT */
/*
 * The usual event, in line: it fits into one unit or two. stream.c has the rest, and the
 * idea of all of it.
 */
#pragma once

#include "contract/packed.h"
#include "runtime/cc.h"
#include "runtime/machine.h"
#include "runtime/os-clock.h"
#include "runtime/stream.h"

/* *word += n in one instruction: atomic towards signals, not towards threads. Returns
 * what it was. */
static ALWAYS_INLINE uint32_t rhp_stream_add(uint32_t *word, uint32_t n)
{
#if defined(__x86_64__) || defined(__i386__)
	__asm__ volatile("xaddl %0, %1" : "+r"(n), "+m"(*word) : : "memory", "cc");
	return n;
#else
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	n = __atomic_fetch_add(word, n, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return n;
#endif
}

/* Where the next record goes, if nobody comes in between: before all else that is looked
 * at. */
static ALWAYS_INLINE uint32_t rhp_stream_look(const struct rhp_stream *s)
{
	uint32_t at = *(const volatile uint32_t *)&s->cursor;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return at;
}

/* Between begin and end this thread is a writer, its handlers are nested. Returns how
 * many were at work: also one that a handler began, and left, since that was looked at.
 */
static ALWAYS_INLINE uint32_t rhp_stream_begin(struct rhp_stream *s, const void *frame)
{
	if (LIKELY(s->depth == 0))
		rhp_place_set(&s->outermost, frame);
	return rhp_stream_add(&s->depth, 1);
}

static ALWAYS_INLINE void rhp_stream_end(struct rhp_stream *s, uint32_t depth)
{
	*(volatile uint32_t *)&s->depth = depth;
}

/* The first unit last: without it the others are nothing. */
static ALWAYS_INLINE void rhp_stream_commit(uint64_t *to, const uint64_t *units,
					    uint32_t n)
{
	for (uint32_t i = 1; i < n; i++)
		to[i] = units[i];
	__atomic_store_n(to, units[0], __ATOMIC_RELEASE);
}

/* Units that are not needed after all; what was to be in them was never said. */
HIDDEN COLD void rhp_stream_skip(struct rhp_stream *s, uint32_t at, uint32_t n);

/* Whether the event fits into the two units of a mid one, at a time so much later. */
static ALWAYS_INLINE bool rhp_stream_fits_mid(const struct rhp_stream *s,
					      uint64_t address, uint64_t stamp,
					      uint64_t step, uint32_t node, uint64_t size)
{
	uint32_t high = (uint32_t)(stamp >> RHP_STAMP_LOW_BITS) + 1;
	return ((high ^ s->high[rhp_shard(address)]) | address % RHP_GRANULE |
		address >> RHP_MID_ADDRESS_BITS | step >> RHP_MID_TIME_BITS |
		node >> RHP_MID_NODE_BITS | size >> RHP_MID_SIZE_BITS) == 0;
}

/* Whether a FREE that fits there fits into one. */
static ALWAYS_INLINE bool rhp_stream_fits_short(struct rhp_stream *s, uint64_t address,
						uint64_t step, uint32_t node,
						uint64_t size)
{
	if (UNLIKELY((address - s->base) >> RHP_SHORT_ADDRESS_BITS != 0)) {
		s->far = address;
		s->n_far++;
		return false;
	}
	return LIKELY(
		(step >> RHP_SHORT_TIME_BITS | node >> RHP_SHORT_NODE_BITS | size) == 0);
}

/* Writes the event as it fits; false if a handler came in between. */
static ALWAYS_INLINE bool rhp_stream_put(struct rhp_stream *s, uint32_t at,
					 enum rhp_code code, uint64_t address,
					 uint64_t stamp, uint64_t unit, uint32_t node,
					 uint64_t size)
{
	uint64_t units[2] = {0}, step = unit - s->last_unit;
	bool is_short =
		code == RHP_FREE && rhp_stream_fits_short(s, address, step, node, size);
	s->last_unit = unit;
	uint32_t got = rhp_stream_add(&s->cursor, is_short ? 1 : 2);
	if (UNLIKELY(got != at)) {
		rhp_stream_skip(s, got, is_short ? 1 : 2);
		return false;
	}
	if (is_short)
		units[0] = rhp_pack_short_free(address - s->base, stamp, unit, node);
	else
		rhp_pack_mid(units, code, address, stamp, unit, node, size);
	rhp_stream_commit(&s->units[at], units, is_short ? 1 : 2);
	return true;
}

/* Any event, with all that there is to say of it. */
HIDDEN COLD bool rhp_stream_event_in_full(struct rhp_stream *s, const void *frame,
					  enum rhp_code code, uint64_t address,
					  uint64_t stamp, uint32_t node, uint64_t size);

/* The same of an event of a declared function, with a FAMILY record before it. */
HIDDEN COLD bool rhp_stream_event_of(struct rhp_stream *s, const void *frame,
				     enum rhp_code code, uintptr_t pointer,
				     uint64_t stamp, uint32_t node, uint64_t size,
				     const struct rhp_stream_family *f);

/*
 * Appends an event, as short as it can be, with a SIZE or TIME record before it where it
 * needs one. `frame` is that of the calling function, or of one that called it. False if
 * the event was lost (counted). Async-signal-safe, thread-private.
 */
static ALWAYS_INLINE bool rhp_stream_event(struct rhp_stream *s, const void *frame,
					   enum rhp_code code, uintptr_t pointer,
					   uint64_t stamp, uint32_t node, uint64_t size)
{
	uint64_t address = rhp_untagged(pointer);
	if (LIKELY(s->depth == 0)) {
		uint32_t depth = rhp_stream_begin(s, frame);
		uint32_t at = rhp_stream_look(s);
		uint64_t unit = rhp_os_ticks() >> RHP_TIME_SHIFT;
		bool done =
			LIKELY(depth == 0 && at < s->limit &&
			       rhp_stream_fits_mid(s, address, stamp, unit - s->last_unit,
						   node, size)) &&
			rhp_stream_put(s, at, code, address, stamp, unit, node, size);
		rhp_stream_end(s, depth);
		if (LIKELY(done))
			return true;
	}
	return rhp_stream_event_in_full(s, frame, code, address, stamp, node, size);
}
