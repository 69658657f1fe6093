/* SPDX-License-Identifier: MIT */
/*
 * One sequence of events out of all streams of a trace, for pair.c: events of
 * one address come in the order in which they happened, whichever threads they
 * happened on. docs/reference/trace-format.md says why that order is right.
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
	uint64_t bad_stamps; /* stamps that no counter can have given, or not twice */
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

/*
 * For a reader that follows its trace, after reader_refresh: go on where merge_next gave
 * 0. From now on it also gives 0 where all streams wait for stamps that are not there
 * yet, unless the trace is settled. 0 or an error.
 */
int merge_go_on(struct merge *merge, bool settled);

/*
 * When merge_next has given 0: give up the stamps that an event is waiting for which
 * waited before merge_go_on, the one that has waited longest; false if there is none.
 * That does no harm to what is paired, for whatever an event depends on was written
 * before it. So stamps that are still not there when all was looked at once more belong
 * to calls that have not returned, and no other event can be about their blocks.
 */
bool merge_give_up(struct merge *merge);

/* Counts so far; `missing` and `unwritten` are known at the end only. */
struct merge_counts merge_counts(const struct merge *merge);

/*
 * How many events are known to be missing: stamps count what was begun, so those without
 * events count what was lost, whatever the reason. Only events that were not stamped
 * come on top. What the runtime counted itself is the larger number if it took no stamps
 * for it. Of a trace that is not settled, stamps without events at the end are not lost.
 */
uint64_t merge_lost(const struct merge *merge);
