/* SPDX-License-Identifier: MIT */
/*
 * What a database says of its processes: how their traces ended, what is missing of them,
 * what they did in all. From base tables only. Everything dies of what cannot be read;
 * rows.h says how long texts live.
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
	const char *ending;
	bool is_ring;                /* only the newest part of the trace was kept */
	bool is_sample;              /* of the blocks */
	bool has_sampled_stacks;     /* of a share of the allocations only */
	const char *leak_scan_error; /* why the scan for leaks failed, or NULL */
	int64_t leak_scan_threads;
	bool has_definite;   /* a block was found to be definitely lost */
	int64_t live_blocks; /* counted, and as the totals say; differ in a sample */
	int64_t live_blocks_in_totals;
};

/* Each process by run and number: struct process_facts. */
struct rows *processes_select(const struct database *database);

/* Of a process that has been read: a reason why events are missing from its trace. Losses
 * that are none, such as frees of what was allocated before tracing began, are left out.
 */
struct process_loss {
	int64_t count;
	const char *meaning;
};

/* The first of them. False: there is none. The text is for the caller to free. */
bool processes_find_loss(const struct database *database, int64_t process,
			 struct process_loss *loss);

/* A total of a process by its name in `totals`. False: there is none. */
bool processes_find_total(const struct database *database, int64_t process,
			  const char *name, int64_t *value);
