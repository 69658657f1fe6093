/* SPDX-License-Identifier: MIT */
/*
 * The tables that say what a trace is, what it adds up to and what is missing
 * from it: processes, threads, mappings, markers, scopes, totals, losses. For load.c, at
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
	const struct registry *registry; /* has taken it */
	const struct merge *merge;
	const struct pair *pair;
	const struct scopes *scopes;
};

/* How the trace ended, in a word; enum rhp_trace_state. */
const char *trace_rows_ending(uint32_t state);

/* Write them, and warn of what is missing. The number of lost events. */
uint64_t trace_rows_write(const struct trace_rows *r, struct store *store);
