/* SPDX-License-Identifier: MIT */
/*
 * A heap as a graph: which block points to which, and what the roots are. Whoever has the
 * edges builds one, the other files of this room ask it. Nothing here reads or prints.
 *
 * Node 0 stands for the roots as a whole. Blocks are the nodes 1 to n_blocks, and each
 * root (a variable, the stack of a thread, what is lost) is a node behind them, to which
 * node 0 points. An edge may be there twice, or from a node to itself.
 */
#pragma once

#include <stdint.h>

#define HEAP_NONE UINT32_MAX                /* no node */
#define HEAP_MAX_NODES UINT32_C(0x7ffffffe) /* node 0 counted */
#define HEAP_MAX_EDGES UINT32_C(0xfffffffe)

/* A bit of a target: the pointer leads into the middle of its block, or may be none. */
#define HEAP_EDGE_POSSIBLE UINT32_C(0x80000000)

struct heap_graph {
	uint32_t n_nodes, n_blocks; /* node 0 is in n_nodes alone */
	uint32_t n_edges;
	uint32_t *first;   /* the edges of node v are first[v] to first[v + 1] - 1 */
	uint32_t *targets; /* of each edge: a node, and HEAP_EDGE_POSSIBLE or not */
};

static inline uint32_t heap_node(uint32_t target)
{
	return target & ~HEAP_EDGE_POSSIBLE;
}

/*
 * Build a graph in this order: heap_graph_init; heap_graph_count for each edge;
 * heap_graph_reserve; heap_graph_add for each edge again, in any order.
 *
 * heap_graph_init takes an uninitialized graph. The functions with a result return 0,
 * -ENOMEM, or -E2BIG if there are more nodes or edges than the limits above. The graph is
 * to be ended by heap_graph_fini after each of them, whatever it returned.
 */
int heap_graph_init(struct heap_graph *graph, uint64_t n_blocks, uint64_t n_roots);
int heap_graph_count(struct heap_graph *graph, uint32_t source);
int heap_graph_reserve(struct heap_graph *graph);
void heap_graph_fini(struct heap_graph *graph);

/* Add an edge that was counted. Returns its index in targets. */
static inline uint32_t heap_graph_add(struct heap_graph *graph, uint32_t source,
				      uint32_t target)
{
	uint32_t edge = graph->first[source + 1]++;

	graph->targets[edge] = target;
	return edge;
}
