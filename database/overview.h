/* SPDX-License-Identifier: MIT */
/*
 * Selects what a report says about one process as a whole: how it was traced, what it did
 * in all and over time, and what its trace lacks. Every function dies if the database
 * cannot be read; rows.h says how long texts live.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct database;
struct rows;

struct overview_process {
	int64_t process, run, pid, parent_pid;
	const char *label; /* of its run, or "" */
	const char *trace_path, *executable, *started_at, *ending, *capture,
		*runtime_version;
	const char *command_line, *host, *ending_error, *leak_scan; /* or NULL */
	double duration_ms, sample_rate;
	int64_t max_stack_depth, max_trackers, event_buffer, max_bytes, sample_bytes;
	int64_t leak_scan_ns, leak_scan_threads;
	int64_t silent_children, followed_children;
	int64_t pointer_size;
	bool ring, free_stacks, began_late;
	int64_t allocations, peak_bytes; /* its totals */
};

/* Select all processes, ordered by number. Returns rows of struct overview_process. */
struct rows *overview_select_processes(const struct database *database);

struct overview_total {
	const char *name;
	int64_t value;
};

/* The functions below select what belongs to the process that is parameter 1. */

/* Its totals. Returns rows of struct overview_total. */
struct rows *overview_select_totals(const struct database *database);

struct overview_point {
	double at_ms; /* the end of an interval */
	int64_t live_bytes, live_blocks, peak_bytes, low_bytes, allocations,
		allocated_bytes;
};

/* Its timeline, in order. Returns rows of struct overview_point. */
struct rows *overview_select_timeline(const struct database *database);

struct overview_resident {
	double at_ms;
	int64_t bytes;
};

/* When most of it was in memory, the first time: one row of struct overview_resident, or
 * none if that was not recorded. */
struct rows *overview_select_most_resident(const struct database *database);

/* How much of it was in memory when that was last read before parameter 2, in ns: one row
 * or none. Returns rows of struct overview_resident. */
struct rows *overview_select_resident(const struct database *database);

struct overview_marker {
	double at_ms;
	int64_t thread; /* 0: unknown */
	const char *text;
};

/* Its marks, in order. Returns rows of struct overview_marker. */
struct rows *overview_select_markers(const struct database *database);

struct overview_thread {
	int64_t thread, number, tid;
	const char *name;
};

/* Its threads, in order. Returns rows of struct overview_thread. */
struct rows *overview_select_threads(const struct database *database);

struct overview_mapping {
	const char *path;
	int64_t start_address, end_address; /* their bits */
};

/* Where its modules were mapped. Returns rows of struct overview_mapping. */
struct rows *overview_select_mappings(const struct database *database);

struct overview_scope {
	const char *name;
	int64_t count;
	double total_ms;
	int64_t allocations, allocated_bytes, kept_blocks, kept_bytes;
};

/* Its scopes, those of a name together, the largest first. Returns rows of struct
 * overview_scope. */
struct rows *overview_select_scopes(const struct database *database);

struct overview_loss {
	const char *reason, *meaning;
	int64_t count;
};

/* What is missing from its trace or could not be paired, and allocations without a whole
 * stack; only what happened. Returns rows of struct overview_loss. */
struct rows *overview_select_losses(const struct database *database);

struct overview_chain {
	int64_t last_stack; /* that resized the block last */
	int64_t reallocs, moves, copied_bytes, final_size;
};

/* Its blocks that were resized. Returns rows of struct overview_chain. */
struct rows *overview_select_chains(const struct database *database);
