/* SPDX-License-Identifier: MIT */
/* What firefox.c and firefox-tables.c share. */
#pragma once

#include "common/json.h"

#include "rheaper-export/calls.h"
#include "rheaper-export/events.h"
#include "rheaper-export/formats.h"

struct function {
	bool has_file;
	int64_t module; /* index of a lib, -1: unknown */
};

struct place {
	uint32_t function;
	int64_t line, inline_depth;
};

struct mark {
	int64_t begin_ns, end_ns;
	bool scope;
};

struct point {
	double at_ms;
	int64_t bytes;
};

struct process {
	int64_t process, pid;
	int64_t started_ns;
	double offset_ms; /* after the first one */
	char *name;
};

struct firefox {
	struct json json;
	struct profile *profile;
	const struct format_options *options;
	struct process *processes;
	size_t n_processes, n_processes_max;
	struct numbers libs; /* of modules */
	struct events events;
	/* Of one process */
	const struct process *process;
	struct calls calls;
	uint32_t call;
	struct numbers stacks; /* as calls */
	struct numbers frames; /* as places */
	struct place *places;
	size_t n_places, n_places_max;
	struct function *functions;
	size_t n_functions, n_functions_max;
	struct mark *marks;
	size_t n_marks, n_marks_max;
	struct point *points;
	size_t n_points, n_points_max;
};

/* array_grow that dies. */
void firefox_reserve(void **array, size_t *n_max, size_t n, size_t size);

/* Begin a table of n rows; json_end_object ends it. */
void firefox_begin_table(struct firefox *f, const char *name, size_t n);

/* Write a column of n rows: `put` writes the value of row i. */
typedef void firefox_put_fn(struct firefox *f, size_t i);
void firefox_column(struct firefox *f, const char *name, size_t n, firefox_put_fn *put);

/* Write a column of the same value, which is JSON. */
void firefox_same(struct firefox *f, const char *name, size_t n, const char *value);

/* Read the functions, frames and stacks of the chosen process. */
void firefox_read_stacks(struct firefox *f);

/* Write them. The texts of functions are the first of the process, then those of their
 * files, then the names of libs. */
void firefox_put_stacks(struct firefox *f);
