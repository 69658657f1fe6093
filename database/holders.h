/* SPDX-License-Identifier: MIT */
/*
 * Selects what a database says of heap snapshots: who holds and who retains what. Every
 * function dies if the database cannot be read; rows.h says how long texts live.
 * schema.sql says what the fields mean.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct database;
struct rows;

#define HOLDERS_NONE INT64_C(-1) /* NULL, of fields below */

struct holders_snapshot {
	int64_t snapshot, at_ns, blocks, bytes, edges, possible_edges;
	const char *name, *error; /* error: or NULL */
};

/* Select the snapshots of the process that is parameter 1, in their order. */
struct rows *holders_select_snapshots(const struct database *database);

struct holders_site {
	int64_t stack;
	const char *function, *file, *module_path; /* of the owner; or NULL */
	int64_t line;                              /* 0: unknown */
};

/* Select the owners of all stacks, by number. */
struct rows *holders_select_sites(const struct database *database);

struct holders_root {
	int64_t node, line, thread, address; /* 0: NULL; thread: number in its process */
	int64_t retained_bytes, retained_blocks;
	const char *kind, *name, *file, *module_path; /* or NULL */
};

/* Select the roots of the snapshot that is parameter 1, by node. */
struct rows *holders_select_roots(const struct database *database);

struct holders_group {
	int64_t heap_group;
	int64_t parent, stack; /* or HOLDERS_NONE */
	int64_t root;          /* 0: NULL */
	int64_t blocks, bytes, retained_blocks, retained_bytes;
};

/* Select its groups, by number. */
struct rows *holders_select_groups(const struct database *database);

struct holders_block {
	int64_t node, address, size, stack, leak_kind;
	int64_t dominator, holder, holder_offset; /* or HOLDERS_NONE */
	int64_t retained_bytes, retained_blocks;
	bool holder_possible;
};

struct holders_possible {
	int64_t stack, blocks;
};

/* Select, of each stack, how many of its blocks are held by possible pointers alone. */
struct rows *holders_select_possible(const struct database *database);

/* Select all its blocks, by address; and the one whose node is parameter 2. */
struct rows *holders_select_blocks(const struct database *database);
struct rows *holders_select_block(const struct database *database);

struct holders_lasting {
	int64_t address;
};

/* Select the blocks of the process that is parameter 1 that lived from the time that is
 * parameter 2 to the one that is parameter 3, by address. */
struct rows *holders_select_lasting(const struct database *database);
