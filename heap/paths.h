/* SPDX-License-Identifier: MIT */
/*
 * Why a block is alive: a shortest path to it from node 0. Of all paths to a node the
 * best has the fewest possible edges, and of these the fewest edges. So where exact edges
 * alone lead, the path is exact, however long it is. Of equally good paths one is taken,
 * always the same of the same graph.
 */
#pragma once

#include <stdint.h>

struct heap_graph;

struct heap_paths {
	/* Of each node: the one before it on the best path, and HEAP_EDGE_POSSIBLE if any
	 * edge of the path, this far, is possible. HEAP_NONE for node 0 and for those
	 * that cannot be reached. */
	uint32_t *holder;
	uint32_t *edge; /* by which that leads here: an index of targets; 0 where no
			   holder */
};

/*
 * Find the best paths of a graph. Returns 0, or -ENOMEM. The paths, uninitialized before,
 * are to be ended by heap_paths_fini in both cases.
 */
int heap_paths(const struct heap_graph *graph, struct heap_paths *paths);

void heap_paths_fini(struct heap_paths *paths);
