/* SPDX-License-Identifier: MIT */
/*
 * Selects call stacks and what they did in a process, for programs that draw them. Every
 * function dies if the database cannot be read; rows.h says how long texts live.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct database;
struct rows;

struct caller_module {
	int64_t module;
	const char *path, *build_id;
	const char *symbols;           /* or NULL (terms.h) */
	bool has_functions, has_lines; /* of frames in it */
};

/* Select all modules, ordered by number. Returns rows of struct caller_module. */
struct rows *callers_select_modules(const struct database *database);

struct caller_frame {
	int64_t frame;
	int64_t module; /* 0: unknown */
	const char *function;
	const char *file; /* or NULL */
	int64_t line;     /* 0: unknown */
	int64_t inline_depth;
	bool inferred; /* from a tail call */
};

/* Select all frames, ordered by number. Returns rows of struct caller_frame. */
struct rows *callers_select_frames(const struct database *database);

struct caller_stack {
	int64_t stack;
	const char *signature;
	const char *allocator, *family; /* or NULL */
	bool truncated, incomplete, unsampled;
};

/* Select all stacks, ordered by number. Returns rows of struct caller_stack. */
struct rows *callers_select_stacks(const struct database *database);

struct caller_place {
	int64_t stack, frame;
};

/* Select the frames of all stacks: by stack, in each the innermost first. Returns rows of
 * struct caller_place. */
struct rows *callers_select_places(const struct database *database);

struct caller_totals {
	int64_t stack;
	int64_t allocations, allocated_bytes, live_blocks, live_bytes;
	int64_t peak_blocks, peak_bytes, temporary_blocks;
};

/* Select what each stack did in the process that is parameter 1, ordered by stack.
 * Returns rows of struct caller_totals. */
struct rows *callers_select_totals(const struct database *database);
