/* SPDX-License-Identifier: MIT */
/*
 * One load from end to end: a trace into a new database. For main.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rheaper-load/symbol-files.h"
#include "trace/format.h"

struct load_options {
	const char *trace;
	const char *database;
	bool replace; /* an existing database */
	bool symbolize;
	struct symbol_settings symbols;
	bool index;
	bool progress; /* a line on standard error that is written over */
};

struct load_result {
	uint64_t events, allocations, rows;
	uint64_t live_blocks, live_bytes; /* not freed at the end of the trace */
	enum rhp_trace_state ending;      /* how the trace ended */
	uint64_t lost;                    /* events that are known to be missing */
	double seconds;
};

/* Load; warns of what is missing, dies of what makes a load impossible. */
struct load_result load_trace(const struct load_options *options);
