/* SPDX-License-Identifier: MIT */
/*
 * A database while it is read: statements and columns, and what was read so far. For
 * measure-read.c, and the parts of it that have files of their own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/map.h"
#include "database/db.h"

struct arena;
struct measure;
struct measure_frame;
struct measure_stack;

struct process {
	const char *program;
	unsigned int run;
	bool cut; /* what was live is no leak */
	bool partial;
};

struct database {
	struct measure *m;
	struct arena *arena;
	sqlite3 *db;
	const char *name;
	struct map process_numbers, frame_numbers, stack_numbers;
	struct process *processes;
	size_t n_processes;
	struct measure_frame *frames;
	size_t n_frames;
	const struct measure_stack **stacks;
	size_t n_stacks;
	sqlite3_stmt *stack_frames, *stack_function;
	const char **plain; /* names of the stack in hand */
	size_t n_plain_max;
};

/* A statement; dies if the database does not have what it asks for. */
sqlite3_stmt *database_prepare(struct database *d, const char *sql);

/* Whether there is one more row. Dies of a database that cannot be read. */
bool database_step(struct database *d, sqlite3_stmt *statement);

/* A text as it may be shown anywhere; NULL is NULL, or `otherwise`. */
const char *database_text(struct database *d, sqlite3_stmt *statement, int column);
const char *database_text_or(struct database *d, sqlite3_stmt *statement, int column,
			     const char *otherwise);

/* A number of things. Dies of one below 0. */
int64_t database_count(struct database *d, sqlite3_stmt *statement, int column);

/* Read what there is of processes, with their problems and totals. They come first. */
void database_read_processes(struct database *d);
