// SPDX-License-Identifier: MIT
#include <stdbool.h>

#include "heap/dominators.h"
#include "heap/graph.h"

#include "heap/retained.h"

/* Behind the order of the tree: a sum is whole when it is added to the one above it. */
static void start(const struct heap_graph *graph, const struct heap_tree *tree,
		  const uint64_t *sizes, uint64_t *bytes, uint32_t *blocks)
{
	for (uint32_t v = 0; v < graph->n_nodes; v++) {
		bool is_reached = v == 0 || tree->dominator[v] != HEAP_NONE;

		bytes[v] = is_reached ? sizes[v] : 0;
		blocks[v] = is_reached && v > 0 && v <= graph->n_blocks;
	}
}

void heap_retained(const struct heap_graph *graph, const struct heap_tree *tree,
		   const uint64_t *sizes, uint64_t *bytes, uint32_t *blocks)
{
	start(graph, tree, sizes, bytes, blocks);
	for (uint32_t i = tree->n_nodes - 1; i > 0; i--) {
		uint32_t v = tree->order[i], above = tree->dominator[v];

		bytes[above] += bytes[v];
		blocks[above] += blocks[v];
	}
}
