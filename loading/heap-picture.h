/* SPDX-License-Identifier: MIT */
/*
 * Makes a graph of a heap snapshot, and finds all that heap/ finds of one. Its nodes are
 * the blocks as they come, then the roots, and one more root for what is lost, which
 * points to all definitely lost blocks. For heap-rows.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "analysis/heap.h"
#include "heap/facts.h"
#include "heap/graph.h"
#include "loading/heap-roots.h"

struct picture {
	const struct heap_snapshot *snapshot;
	const struct catalog *catalog;
	struct heap_roots roots;
	uint32_t n_lost; /* definitely lost blocks */
	uint64_t n_possible, bytes;
	struct heap_graph graph;
	uint64_t *sizes;
	uint32_t *sites; /* of a block its stack in the database, of roots those behind */
	struct heap_facts facts;
};

/*
 * Begin a picture of a snapshot: count what it has, and find its roots. Then
 * picture_memory says how many bytes picture_find takes at the most, which makes the
 * graph and the facts. The functions with a result return 0, -ENOMEM, or -E2BIG of what
 * has too many nodes or edges; picture_fini is to follow in any case.
 */
int picture_begin(struct picture *picture, const struct heap_snapshot *snapshot,
		  const struct heap_roots_sources *sources);
uint64_t picture_memory(const struct picture *picture);
int picture_find(struct picture *picture);
void picture_fini(struct picture *picture);

static inline uint32_t picture_first_root(const struct picture *picture)
{
	return (uint32_t)picture->snapshot->n_blocks + 1;
}

/* With the one for what is lost, which comes last */
static inline uint32_t picture_count_roots(const struct picture *picture)
{
	return (uint32_t)picture->roots.n_roots + (picture->n_lost > 0);
}

/* Return the stack of a block in the database, 0: unknown. */
int64_t picture_stack(const struct picture *picture, const struct heap_block *block);

/* Of an edge of the graph that is a pointer of the snapshot: return its place in the
 * source, in bytes; and the block that it leads to, which the graph may leave out. */
int64_t picture_offset(const struct picture *picture, uint64_t edge);
uint32_t picture_target(const struct picture *picture, uint64_t edge);
