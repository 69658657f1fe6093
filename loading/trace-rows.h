/* SPDX-License-Identifier: MIT */
/*
 * Writes the tables that say what a trace is, what it adds up to and what it lacks:
 * processes, threads, process_modules, markers, scopes, totals, losses. For load.c, at
 * the end of each trace.
 */
#pragma once

#include <stdint.h>

struct catalog;
struct registry;
struct merge;
struct pair;
struct reader;
struct scopes;
struct store;
struct store_trace;

struct trace_rows {
	const char *trace;
	int64_t run;
	const struct store_trace *where;
	const struct reader *reader;
	const struct catalog *catalog;
	const struct registry *registry; /* which has taken over the catalog */
	const struct merge *merge;
	const struct pair *pair;
	const struct scopes *scopes;
};

/* Return what processes.ending calls the end of a trace in this rhp_trace_state. */
const char *trace_rows_ending(uint32_t state);

/* Write the tables, and warn about what the trace lacks. Returns the number of events
 * that are known to be lost. */
uint64_t trace_rows_write(const struct trace_rows *r, struct store *store);
