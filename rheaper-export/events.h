/* SPDX-License-Identifier: MIT */
/* Allocations and frees in the order of time, all or a sample. Every function dies if
 * memory runs out. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "database/past.h"

struct event {
	int64_t ns;
	int64_t bytes; /* negative: freed */
	int64_t stack, tid, address;
	int64_t block;
	bool late; /* the free of a block that was allocated at the same time */
};

struct events {
	struct event *events;
	size_t n, n_max;
	int64_t step;  /* 0: all; else blocks of fewer bytes are a sample */
	int64_t carry; /* bytes seen since the last one of these */
};

/*
 * Begin to collect at most `max` events (at least 4) of blocks that sum up to `sums`. If
 * there are more, every block of `step` bytes or more is kept as it is; of smaller ones
 * one in each `step` bytes, and stands for that many: sums of whatever is a part of the
 * blocks stay right, but for chance. A block is kept with its free or not at all.
 */
struct events events_begin(const struct past_sums *sums, int64_t max);

/* Replace the events by those of the chosen processes. A block without bytes has none. */
void events_collect(struct events *events, struct profile *profile);

void events_fini(struct events *events);
