// SPDX-License-Identifier: MIT
/*
 * Edges are counted two places further than where they begin in the end. So when they are
 * added, first[v + 1] may go from the beginning of node v to its end, which is the
 * beginning of the next one, and nothing is left to be put right.
 */
#include <errno.h>
#include <stdlib.h>

#include "heap/graph.h"

int heap_graph_init(struct heap_graph *graph, uint64_t n_blocks, uint64_t n_roots)
{
	*graph = (struct heap_graph){0};
	if (n_blocks >= HEAP_MAX_NODES || n_roots >= HEAP_MAX_NODES - n_blocks)
		return -E2BIG;
	graph->n_blocks = (uint32_t)n_blocks;
	graph->n_nodes = (uint32_t)(1 + n_blocks + n_roots);
	graph->first = calloc((size_t)graph->n_nodes + 2, sizeof(*graph->first));
	return graph->first ? 0 : -ENOMEM;
}

int heap_graph_count(struct heap_graph *graph, uint32_t source)
{
	if (graph->n_edges == HEAP_MAX_EDGES)
		return -E2BIG;
	graph->n_edges++;
	graph->first[source + 2]++;
	return 0;
}

int heap_graph_reserve(struct heap_graph *graph)
{
	for (uint32_t v = 1; v <= graph->n_nodes; v++)
		graph->first[v + 1] += graph->first[v];
	/* One more, so that a graph without edges is no failure */
	graph->targets = malloc(((size_t)graph->n_edges + 1) * sizeof(*graph->targets));
	return graph->targets ? 0 : -ENOMEM;
}

void heap_graph_fini(struct heap_graph *graph)
{
	free(graph->first);
	free(graph->targets);
	*graph = (struct heap_graph){0};
}
