/* SPDX-License-Identifier: MIT */
/*
 * Counts what is live while the events come: totals of the process and of each stack,
 * their peaks, and a timeline. For pair.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct catalog;
struct live_block;

/* An interval of the timeline. */
struct tally_point {
	int64_t end_ns;
	double live_blocks, live_bytes; /* at its end */
	double peak_bytes, low_bytes;   /* most and least at one time within it */
	double allocations, bytes;      /* within it */
};

/* Numbers are estimates if the trace was sampled, exact if not. */
struct tally {
	struct catalog *catalog; /* whose stacks are counted in */
	uint64_t sample_bytes;
	bool by_thread; /* count in the catalog's threads, too */
	double allocations, bytes;
	double live_blocks, live_bytes; /* now */
	double peak_blocks;
	double peak_bytes, blocks_at_peak; /* when most bytes were live */
	int64_t peak_ns;
	double temporary;
	uint64_t epoch; /* changes with peak_bytes */
	struct tally_point *points;
	size_t n_points;
	int64_t width_ns; /* of each but the last */
	int64_t until_ns; /* end of the last one */
};

/* Begin to count. The catalog stays the caller's. Returns 0 or -ENOMEM. */
int tally_init(struct tally *tally, struct catalog *catalog, uint64_t sample_bytes);
void tally_fini(struct tally *tally);

/* Count also what each thread allocates. Call it before the first block. */
void tally_count_threads(struct tally *tally);

double tally_sample_weight(uint64_t sample_bytes, uint64_t size);

/* Return how many blocks a recorded block of this size stands for. If sample_bytes is 0
 * all blocks are recorded, and that is 1. */
static inline double tally_weight(uint64_t sample_bytes, uint64_t size)
{
	return sample_bytes ? tally_sample_weight(sample_bytes, size) : 1;
}

/*
 * Return what a recorded block adds to the variance of a sum of bytes. Blocks are chosen
 * independently of each other, each with the probability 1/weight: it is
 * (weight size)^2 (1 - 1/weight) (Horvitz and Thompson).
 */
static inline double tally_variance(double weight, uint64_t size)
{
	return (double)size * (double)size * weight * (weight - 1);
}

/* Prefetch the totals of a stack of which a block will soon begin or end. */
void tally_expect(const struct tally *tally, uint32_t stack);

/* Count a block that was allocated; and one that ended, at `ns`. */
void tally_begin(struct tally *tally, const struct live_block *block);
void tally_end(struct tally *tally, const struct live_block *block, int64_t ns);

/* Note a block that lies in another one. Its memory is counted as that of the other one.
 */
void tally_inner(struct tally *tally, const struct live_block *block);

/* Count a block that its thread freed in its next event. Call it after tally_end. */
void tally_temporary(struct tally *tally, const struct live_block *block);

/* Complete the peaks of the stacks and the timeline. Call it after the last event, which
 * was at last_ns. */
void tally_finish(struct tally *tally, int64_t last_ns);
