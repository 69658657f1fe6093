/* SPDX-License-Identifier: MIT */
/*
 * Loads traces into a database, from end to end. For programs that load traces.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/format.h"
#include "loading/stack-owners.h"
#include "symbols/symbol-files.h"

struct load_options {
	const char *const *traces;
	size_t n_traces;
	const char *database;
	bool replace;      /* an existing database */
	bool append;       /* to an existing database */
	const char *label; /* of this run, NULL: none */
	bool symbolize;
	struct symbol_settings symbols;
	struct owner_settings owners;
	bool progress; /* show a progress line on standard error */
};

struct load_process {
	int64_t process; /* number in the database */
	const char *trace;
	uint32_t pid;
	char *executable; /* UTF-8 */
	uint64_t events, allocations;
	uint64_t live_blocks, live_bytes; /* not freed at the end of the trace */
	uint64_t leak_blocks[RHP_N_LEAK_KINDS],
		leak_bytes[RHP_N_LEAK_KINDS]; /* of them */
	bool leaks_known;                     /* memory was scanned for leaks */
	uint64_t lost;                        /* events that are known to be missing */
	enum rhp_trace_state ending;          /* how the trace ended */
};

struct load_result {
	int64_t run;
	struct load_process *processes; /* in the order of their start */
	size_t n_processes;
	uint64_t n_rows; /* blocks written */
	uint64_t database_size;
	double seconds;
};

/*
 * Load the traces. Warns about what a trace lacks. Dies of what makes the load
 * impossible; the database is then as it was before. The order in which the traces are
 * named makes no difference. The caller frees the result with load_result_fini.
 */
struct load_result load_traces(const struct load_options *options);
void load_result_fini(struct load_result *result);
