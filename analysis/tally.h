/* SPDX-License-Identifier: MIT */
/*
 * What is live, counted as the events come: totals of the process and of each
 * stack, their peaks, and the course over time. For pair.c.
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
	double peak_bytes;              /* most at one time within it */
	double allocations, bytes;      /* within it */
};

/* Numbers are estimates if the trace was sampled, exact if not. */
struct tally {
	struct catalog *catalog; /* has the stacks */
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

/* 0 or -ENOMEM. The catalog stays the caller's. */
int tally_init(struct tally *tally, struct catalog *catalog, uint64_t sample_bytes);
void tally_fini(struct tally *tally);

/* Before the first block: count what each thread allocates. */
void tally_count_threads(struct tally *tally);

double tally_sample_weight(uint64_t sample_bytes, uint64_t size);

/* Blocks that a recorded block stands for; 1 if sample_bytes is 0: all are recorded. */
static inline double tally_weight(uint64_t sample_bytes, uint64_t size)
{
	return sample_bytes ? tally_sample_weight(sample_bytes, size) : 1;
}

/* A block of this stack will soon begin or end: have its totals in the cache. */
void tally_expect(const struct tally *tally, uint32_t stack);
void tally_begin(struct tally *tally, const struct live_block *block);
void tally_end(struct tally *tally, const struct live_block *block, int64_t ns);
/* The block that ended was freed by what its thread did next. */
void tally_temporary(struct tally *tally, const struct live_block *block);

/* After the last event: what was live at the peak is now known of every stack. */
void tally_finish(struct tally *tally, int64_t last_ns);
