/* SPDX-License-Identifier: MIT */
/*
 * Traces that someone made to do harm, each as a row: what is wrong with it, and what
 * the programs must make of it. hostile-header.c has those with a wrong header,
 * hostile-records.c those with wrong regions and records, hostile-texts.c those with
 * wrong texts.
 */
#pragma once

#include "tests/unit/trace-writer.h"

struct hostile {
	const char *name;
	/* What rheaper-load ends with, 0 or 2, and a part of what it says; then the
	 * same of rheaper-check, 0, 1 or 2, which never is content with less than all. */
	int load;
	const char *said;
	int check;
	/* Of the usual trace: a number that is put at an offset, if it has a size ... */
	size_t at, size;
	uint64_t value;
	/* ... then what else is done to it ... */
	void (*change)(struct trace_writer *w);
	/* ... and where the file is cut, if not 0. */
	size_t cut;
};

/* One region of 128 records: a thread, a module, two stacks, two blocks, both freed. */
void hostile_usual(struct trace_writer *w);
#define USUAL_REGION 0
#define USUAL_NODE 2 /* of its events */

/* One more block, allocated and freed with that stack. */
void hostile_use_stack(struct trace_writer *w, uint32_t call);

/* The trace of a row; the i-th row of all tables, NULL behind the last. */
void hostile_make(const struct hostile *h, struct trace_writer *w);
const struct hostile *hostile_row(size_t i);

/* What is said of it as it is, with one more block, and with its events lost. */
#define USUAL_SAID "4 events, 2 allocations, 0 live at exit (0 bytes), 0 lost; 2 rows"
#define ONE_MORE "6 events, 3 allocations, 0 live at exit (0 bytes), 0 lost; 3 rows"
#define NOTHING "0 events, 0 allocations, 0 live at exit (0 bytes), 4 lost; 0 rows"

#define REFUSED(text) .load = 2, .said = text, .check = 2
#define PARTIAL(text) .load = 0, .said = text, .check = 2
#define WHOLE(text) .load = 0, .said = text, .check = 0
#define AS_USUAL WHOLE(USUAL_SAID)

extern const struct hostile hostile_headers[], hostile_records[], hostile_texts[];
extern const size_t n_hostile_headers, n_hostile_records, n_hostile_texts;
