// SPDX-License-Identifier: MIT
/*
 * The order is that of what is needed at a time: the dominators need the most beside
 * their result, so nothing else is there yet.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "heap/graph.h"
#include "heap/retained.h"

#include "heap/facts.h"

#define SLACK 65536 /* the ends of arrays, and what malloc rounds up */

static uint64_t max_of(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Arrays and maps double, so they may have twice the room; HEAP_FOLD_MAX is a power of
 * two. */
static uint64_t group_room(uint64_t n_nodes)
{
	return n_nodes < HEAP_FOLD_MAX ? 2 * n_nodes : HEAP_FOLD_MAX;
}

uint64_t heap_memory(uint64_t n_nodes, uint64_t n_edges)
{
	uint64_t groups = group_room(n_nodes) * sizeof(struct heap_group);
	/* The graph, sizes, sites; dominators and their order */
	uint64_t lasting = n_nodes * (4 + 8 + 4 + 4 + 4) + n_edges * 4;
	/* Parents, semidominators, links and sources; the bits are gone before the links
	 */
	uint64_t dominators = n_nodes * (4 + 4 + 8 + 4) + n_edges * 4 + n_edges / 8;
	/* A map of groups, twice as large as they are many; half as much while it grows
	 */
	uint64_t fold = n_nodes * 4 + groups + group_room(n_nodes) * 3 * 16;
	/* Holders and edges; queue and distances, or retained bytes and blocks */
	uint64_t others = n_nodes * (4 + 4 + 4 + 8 + 4) + groups;

	return lasting + max_of(dominators, max_of(fold, others)) + SLACK;
}

static int find_retained(const struct heap_graph *graph, const uint64_t *sizes,
			 struct heap_facts *facts)
{
	size_t n = graph->n_nodes;

	facts->retained_bytes = reallocarray(NULL, n, sizeof(*facts->retained_bytes));
	facts->retained_blocks = reallocarray(NULL, n, sizeof(*facts->retained_blocks));
	if (!facts->retained_bytes || !facts->retained_blocks)
		return -ENOMEM;
	heap_retained(graph, &facts->tree, sizes, facts->retained_bytes,
		      facts->retained_blocks);
	return 0;
}

int heap_find_facts(const struct heap_graph *graph, const uint64_t *sizes,
		    const uint32_t *sites, struct heap_facts *facts)
{
	int error;

	*facts = (struct heap_facts){0};
	error = heap_dominators(graph, &facts->tree);
	if (!error)
		error = heap_fold(graph, &facts->tree, sizes, sites, &facts->fold);
	if (!error)
		error = heap_paths(graph, &facts->paths);
	if (!error)
		error = find_retained(graph, sizes, facts);
	return error;
}

void heap_facts_fini(struct heap_facts *facts)
{
	heap_tree_fini(&facts->tree);
	heap_paths_fini(&facts->paths);
	heap_fold_fini(&facts->fold);
	free(facts->retained_bytes);
	free(facts->retained_blocks);
	*facts = (struct heap_facts){0};
}
