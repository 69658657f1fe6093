/* SPDX-License-Identifier: MIT */
/*
 * Selects what a database says about call sites: frames, stacks, and what each stack
 * leaked and allocated in each process. Reads tables only, no views. Every function dies
 * if the database cannot be read; rows.h says how long texts live.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct database;
struct rows;

/* A set of kinds of leaks has bit 1 << kind for each kind: enum leak_kind of terms.h. */

struct site_frame {
	int64_t frame, module;                     /* module: 0 if it is unknown */
	const char *function, *file, *module_path; /* or NULL */
	const char *build_id, *symbols;            /* of the module, or NULL */
	int64_t line;                              /* 0: unknown */
	int64_t inline_depth;                      /* schema.sql */
	bool inferred;
};

/* Select all frames. Returns rows of struct site_frame. */
struct rows *sites_select_frames(const struct database *database);

/* Select the frames of the stack that is parameter 1, the innermost first. Returns rows
 * of struct site_stack_frame. */
struct site_stack_frame {
	int64_t frame;
};
struct rows *sites_select_stack(const struct database *database);

/* Select the allocation function of the stack that is parameter 1, and which of its
 * frames are not known. Returns at most one row of struct site_allocator. */
struct site_allocator {
	const char *name;                               /* NULL: unknown */
	bool truncated, incomplete, damaged, unsampled; /* schema.sql */
};
struct rows *sites_select_allocator(const struct database *database);

struct site_facts {
	int64_t stack, process;
	int64_t leak_blocks, leak_bytes; /* of leak_kind */
	int64_t allocations, allocated_bytes;
	int64_t leak_kind;
	int64_t leak_owner; /* stack of the lost blocks that these hang below, -1: none */
};

/*
 * Select what each stack left live in each process, a row for each kind in the set and
 * each owner. With all_sites, another row says what the stack allocated there. Returns
 * rows of struct site_facts, ordered by stack, process, kind and owner.
 */
struct rows *sites_select(const struct database *database, unsigned int kinds,
			  bool all_sites);

/* Select the inner blocks that were live at the end, and lost with the block that they
 * lie in, their owner, or with what that was lost with; or, without a scan, not freed
 * with it. Returns rows of struct site_facts, without allocations. */
struct rows *sites_select_inner(const struct database *database);
