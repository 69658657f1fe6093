/* SPDX-License-Identifier: MIT */
/*
 * A database while it is read, and what was read of it so far. For measure-read.c, and
 * the parts of it that have files of their own.
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
struct rows;

struct process {
	const char *program;
	unsigned int run;
	bool cut; /* what was live is no leak */
	bool partial;
};

struct reading {
	struct measure *m;
	struct arena *arena;
	struct database database;
	struct map process_numbers, frame_numbers, stack_numbers;
	struct process *processes;
	size_t n_processes;
	struct measure_frame *frames;
	size_t n_frames;
	const struct measure_stack **stacks;
	size_t n_stacks;
	struct rows *stack_frames, *stack_allocator;
	const char **plain; /* names of the stack in hand */
	size_t n_plain_max;
};

/* A text as it may be shown anywhere; NULL is NULL, or `otherwise`. */
const char *reading_text(struct reading *r, const char *text);
const char *reading_text_or(struct reading *r, const char *text, const char *otherwise);

/* A number of things. Dies of one below 0. */
int64_t reading_count(const struct reading *r, int64_t value);

/* A stack and a process by their numbers. Dies of one that is not there. */
const struct measure_stack *reading_stack(struct reading *r, int64_t number);
const struct process *reading_process(const struct reading *r, int64_t number);

/* Read what there is of processes, with their problems and totals. They come first. */
void reading_take_processes(struct reading *r);

/* Read the places that are wanted, and what was allocated in them. */
void reading_take_places(struct reading *r);
