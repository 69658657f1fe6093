/* SPDX-License-Identifier: MIT */
/*
 * Merges the streams of a trace into one sequence of events, for pair.c. Events of one
 * address come in the order in which they happened, on whatever threads.
 * docs/reference/trace-format.md says why that order is right.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct merge;
struct reader;
struct reader_event;

struct merge_counts {
	uint64_t events;
	uint64_t late;       /* delivered after a younger one of their shard */
	uint64_t bad_stamps; /* stamps that no counter gave, or that came twice */
	uint64_t missing;    /* stamps without an event, with later ones seen */
	uint64_t unwritten;  /* stamps taken after the last one that was seen */
};

/* Begin to merge the streams of a reader, which stays the caller's. Returns 0, -errno, or
 * an error of reader_next. */
int merge_new(struct merge **merge, struct reader *reader);
void merge_free(struct merge *merge);

/*
 * Set *event to the next event, which is valid until the next call. Returns 1, 0 at the
 * end, or an error of reader_next.
 */
int merge_next(struct merge *merge, const struct reader_event **event);

/*
 * Continue after merge_next has returned 0, for a reader that follows its trace and was
 * refreshed (reader_refresh). From now on merge_next also returns 0 where all streams
 * wait for stamps that have not been written yet, unless the trace is `settled`. Returns
 * 0 or an error of reader_next.
 */
int merge_go_on(struct merge *merge, bool settled);

/*
 * When merge_next has returned 0, stop waiting for the stamps that hold back an event.
 * Only events that already waited before merge_go_on count; of these, it takes the one
 * that has waited longest. Returns false if there is none.
 *
 * Pairing stays right, because whatever an event depends on was written before it. Stamps
 * that are still missing after one more look at the trace belong to calls that have not
 * returned, and no other event can be about their blocks.
 */
bool merge_give_up(struct merge *merge);

/* Return the counts so far; `missing` and `unwritten` are final only at the end. */
struct merge_counts merge_counts(const struct merge *merge);

/*
 * Return how many events are known to be lost. Every event that begins takes a stamp, so
 * stamps without an event count the losses, whatever their reason; events that took no
 * stamp are added. If the runtime itself counted more losses, its number is returned. In
 * a trace that is not settled, stamps at the end without an event are not losses yet.
 */
uint64_t merge_lost(const struct merge *merge);
