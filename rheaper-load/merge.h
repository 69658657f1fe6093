/* SPDX-License-Identifier: MIT */
/*
 * One sequence of events out of all streams of a trace, for pair.c: events of
 * one address come in the order in which they happened, whichever threads they
 * happened on. docs/trace-format.md says why that order is right.
 */
#pragma once

#include <stdint.h>

struct merge;
struct reader;
struct reader_event;

struct merge_counts {
	uint64_t events;
	uint64_t late;       /* delivered after a younger one of their shard */
	uint64_t bad_stamps; /* stamps that no counter can have given */
	uint64_t missing;    /* stamps without an event, with later ones seen */
	uint64_t unwritten;  /* stamps taken after the last one that was seen */
};

/* Merge the streams of a reader, which stays the caller's. 0 or -errno, or
 * what reader_next gave. */
int merge_new(struct merge **merge, struct reader *reader);
void merge_free(struct merge *merge);

/*
 * The next event, valid until the next call: 1, 0 at the end, or what
 * reader_next gave.
 */
int merge_next(struct merge *merge, const struct reader_event **event);

/* Counts so far; `missing` and `unwritten` are known at the end only. */
struct merge_counts merge_counts(const struct merge *merge);
