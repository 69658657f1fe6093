/* SPDX-License-Identifier: MIT */
/*
 * Selects what was allocated in parts of processes: in a whole process, a scope or a
 * phase. Reads tables only, no views. Every function dies if the database cannot be read;
 * rows.h says how long texts live.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct database;
struct rows;

/* A part of what a process did. */
enum place_kind {
	PLACE_PROCESS, /* all of it */
	PLACE_SCOPE,   /* of a thread, scopes inside it included */
	PLACE_PHASE,   /* from a mark to the next */
	N_PLACE_KINDS
};

struct place_facts {
	int64_t place; /* number of the process, scope or marker */
	int64_t process;
	const char *name; /* of the scope or mark; "" */
	bool has_stack;   /* false: nothing was allocated in the place */
	int64_t stack;
	int64_t leak_kind; /* 0: all that is live of no other kind in the set, or freed */
	int64_t leak_owner; /* stack of the lost blocks that these hang below, -1: none */
	int64_t allocations, allocated_bytes;
	int64_t kept_blocks, kept_bytes; /* live when the place ended */
	int64_t live_blocks, live_bytes; /* at the end, of a kind in the set */
};

/* What other threads did while scopes of a name were open. */
struct beside_facts {
	int64_t process;
	const char *name;
	int64_t allocations; /* outside of scopes of that name */
};

/* Select these, of each process and name of scopes for which there are any. */
struct rows *places_select_beside(const struct database *database);

/*
 * Select the places of a kind with what each stack allocated in them, ordered by place,
 * stack, kind and owner: each row counts other blocks. Blocks of the kinds in the set
 * leak_kinds (sites.h) count as live. In PLACE_PROCESS, the row of kind 0 has the
 * allocations of all. Returns rows of struct place_facts.
 */
struct rows *places_select(const struct database *database, enum place_kind kind,
			   unsigned int leak_kinds);
