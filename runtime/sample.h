/* SPDX-License-Identifier: MIT */
/*
 * Sampling: which blocks are recorded, and which stacks are taken.
 *
 * By bytes (RHEAPER_SAMPLE_BYTES): of the bytes that a thread allocates, points are
 * drawn whose distances are exponential with the given mean, and a block is recorded
 * if a point falls into it. A block of `size` bytes counts one byte more, so that
 * empty blocks are drawn too, and is recorded with the probability
 * 1 - exp(-(size + 1) / mean), whatever came before; the reader weighs it by the
 * inverse. The method is that of the samplers of tcmalloc and jemalloc. A free is
 * recorded if its block was.
 *
 * By rate (RHEAPER_SAMPLE_RATE): every block is recorded, but only that share of
 * their stacks is taken.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/address-set.h"
#include "runtime/machine.h"
#include "runtime/settings.h"
#include "runtime/thread.h"

struct rhp_sample {
	uint64_t mean;      /* bytes between points, 0: every block is recorded */
	uint64_t unsampled; /* share of the stacks that is not taken, of 2^32 */
	uint64_t seed;      /* 0: another one in each run */
	uint32_t n_threads; /* that drew anything */
	uint32_t n_traces;  /* a distance is drawn for one of them */
	uint32_t probes;    /* 1: blocks of the sample pass the probes (probe.h) */
	struct rhp_address_set blocks; /* recorded and not freed */
};

extern HIDDEN struct rhp_sample rhp_sample;

/* Before the first event. */
HIDDEN void rhp_sample_start(const struct rhp_settings *settings);

/* No block is of the sample any more. Tracking must be off. */
HIDDEN void rhp_sample_forget(void);

/*
 * The number of bytes to the next point, for 64 random bits and a mean of at most
 * 2^32 - 1: -log(bits / 2^64) * mean, in integers, since the program may have
 * unmasked exceptions of the floating-point unit.
 */
HIDDEN uint64_t rhp_sample_gap(uint64_t bits, uint64_t mean);

/*
 * The bytes that a recorded block of this size stands for: size / (1 - exp(-(size + 1) /
 * mean)), in integers, for a mean of 1 to 2^32 - 1. The error is below a millionth, or
 * below one byte.
 */
HIDDEN uint64_t rhp_sample_weight(uint64_t size, uint64_t mean);

HIDDEN bool rhp_sample_point(const void *block, size_t size);
HIDDEN bool rhp_sample_draw_stack(void);

/* Whether no point falls into the next block; it is passed if so. */
static ALWAYS_INLINE bool rhp_sample_passes(size_t size)
{
	if (UNLIKELY(size >= rhp_thread.until_sample ||
		     rhp_thread.sampled_trace != rhp_sample.n_traces))
		return false;
	rhp_thread.until_sample -= size + 1;
	return true;
}

/*
 * The questions of one event, each asked once. rhp_sample_allocated(): is this new block
 * to be recorded? If so, it is of the sample from now on. rhp_sample_freed(): is this
 * block, which is about to be freed or resized, recorded? If so, it is of the sample no
 * longer. rhp_sample_again() puts a block back whose realloc failed.
 */
static ALWAYS_INLINE bool rhp_sample_allocated(const void *block, size_t size)
{
	return LIKELY(rhp_sample.mean == 0) ||
	       (!rhp_sample_passes(size) && rhp_sample_point(block, size));
}

HIDDEN bool rhp_sample_take_out(const void *block);

static ALWAYS_INLINE bool rhp_sample_freed(const void *block)
{
	return LIKELY(rhp_sample.mean == 0) || rhp_sample_take_out(block);
}

HIDDEN bool rhp_sample_keep(const void *block);

static ALWAYS_INLINE void rhp_sample_again(const void *block)
{
	if (UNLIKELY(rhp_sample.mean != 0))
		rhp_sample_keep(block);
}

/* Whether the stack of this event is to be taken. */
static ALWAYS_INLINE bool rhp_sample_stack(void)
{
	return LIKELY(rhp_sample.unsampled == 0) || rhp_sample_draw_stack();
}
