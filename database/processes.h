/* SPDX-License-Identifier: MIT */
/*
 * Selects what a database says about its processes: how their traces ended, what the
 * traces lack, and totals. Reads tables only, no views. Every function dies if the
 * database cannot be read; rows.h says how long texts live.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct database;
struct rows;

struct process_facts {
	int64_t process, run;
	int64_t pid, started_unix_ns, started_ticks; /* these three name a trace */
	const char *trace_path, *executable;         /* or NULL */
	const char *command_line;                    /* its words, or NULL */
	const char *ending;                          /* terms.h */
	bool is_ring;                /* only the newest part of the trace was kept */
	bool is_sample;              /* of the blocks */
	bool has_sampled_stacks;     /* of a share of the allocations only */
	const char *leak_scan;       /* "made", "failed"; NULL: none was asked for */
	const char *leak_scan_error; /* why it failed, or NULL */
	int64_t leak_scan_threads;
	int64_t exit_threads;
	bool is_forked;     /* by a traced process */
	int64_t counted_in; /* started_unix_ns of the trace that counts it; 0: none */
	bool began_late;    /* while it ran, and not as that of a child */
	bool is_of_link;    /* it recorded the calls of its own objects only */
	int64_t unseen;     /* blocks that ended without a free */
	int64_t foreign;    /* frees and reallocs of blocks that are not in the trace */
	int64_t unrecorded_library; /* 1: a scan found one */
	int64_t other_stack; /* 1: a scan was made on a stack that is not the thread's */
	int64_t quiet_children;      /* forked, and they called no recorded function */
	int64_t untraced_programs;   /* executed without RHEAPER_TRACE */
	int64_t unpaired_scope_ends; /* of scopes that were not open in this trace */
	int64_t silent_children, followed_children;
	bool has_definite;   /* a block was found to be definitely lost */
	bool has_weights;    /* blocks stand for more or less than themselves */
	int64_t live_blocks; /* counted, and as the totals say; differ in a sample */
	int64_t live_blocks_in_totals;
};

/* Select all processes, ordered by run and number. Returns rows of struct
 * process_facts. */
struct rows *processes_select(const struct database *database);

struct process_module {
	const char *path;    /* or NULL */
	const char *symbols; /* what was found of its file (terms.h), or NULL */
};

/* Select the modules of a process, ordered by path. Returns rows of struct
 * process_module. */
struct rows *processes_select_modules(const struct database *database, int64_t process);

/* A reason why events are missing from a trace. */
struct process_loss {
	int64_t count;
	const char *meaning;
};

/*
 * Find the first reason why events of a process are missing. Returns false if none are.
 * Rows of `losses` that are harmless, such as frees of blocks that were allocated before
 * tracing began, do not count, nor do as many unwritten events as were under way at the
 * end. The caller frees loss->meaning.
 */
bool processes_find_loss(const struct database *database, int64_t process,
			 int64_t under_way, struct process_loss *loss);

/* Return how many events of a process had begun but are not in its trace. */
int64_t processes_count_unwritten(const struct database *database, int64_t process);

/* Read a total of a process by its name in `totals`. Returns false if there is none. */
bool processes_find_total(const struct database *database, int64_t process,
			  const char *name, int64_t *value);
