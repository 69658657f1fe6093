/* SPDX-License-Identifier: MIT */
/*
 * What a database says of call sites: frames, stacks, and what each stack leaked and
 * allocated in each process. From base tables only. Everything dies of what cannot be
 * read; rows.h says how long texts live.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct database;
struct rows;

/* A set of kinds of leaks has bit 1 << kind for each, lots.leak. */

struct site_frame {
	int64_t frame;
	const char *function, *file, *module_path; /* or NULL */
	int64_t line;                              /* 0: unknown */
};

/* Each frame: struct site_frame. */
struct rows *sites_select_frames(const struct database *database);

/* The frames of the stack that is parameter 1, the innermost first: struct
 * site_stack_frame. */
struct site_stack_frame {
	int64_t frame;
};
struct rows *sites_select_stack(const struct database *database);

/* What allocates in the stack that is parameter 1: struct site_allocator. */
struct site_allocator {
	const char *name;
};
struct rows *sites_select_allocator(const struct database *database);

struct site_facts {
	int64_t stack, process;
	int64_t leak_blocks, leak_bytes; /* of a kind */
	int64_t allocations, allocated_bytes;
	int64_t leak_kind;
};

/*
 * What each stack left live in each process, a row for each kind of the set; and if that
 * is asked for what it allocated, in a row of its own: struct site_facts, by stack,
 * process and kind.
 */
struct rows *sites_select(const struct database *database, unsigned int kinds,
			  bool all_sites);

/* The kinds of the set that there are. */
unsigned int sites_find_kinds(const struct database *database, unsigned int kinds);
