// SPDX-License-Identifier: MIT
/*
 * A search in breadth, once for each number of possible edges: round 0 goes along exact
 * edges only. The nodes of a round stand in the queue by their distance. The next round
 * begins at the possible edges out of them, and goes on along exact edges out of its own
 * nodes. It has two places in the queue, one in the round before and one in itself, and
 * always goes on at the one that is less far: so its nodes come by their distance, too.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "heap/graph.h"

#include "heap/paths.h"

#define AHEAD 16 /* places of the queue that are fetched before they are needed */

struct search {
	const struct heap_graph *graph;
	struct heap_paths *paths;
	uint32_t *queue;    /* nodes as they were found; HEAP_EDGE_POSSIBLE is set when
			     * one turns out to have such edges */
	uint32_t *distance; /* of each of them, by their places in the queue */
	uint32_t n_found;
};

static void find(struct search *search, uint32_t node, uint32_t at, uint32_t edge,
		 uint32_t possible)
{
	search->paths->holder[node] = heap_node(search->queue[at]) | possible;
	search->paths->edge[node] = edge;
	search->queue[search->n_found] = node;
	search->distance[search->n_found++] = search->distance[at] + 1;
}

static void fetch(const struct search *search, uint32_t at)
{
	const struct heap_graph *graph = search->graph;

	if (at + 2 * AHEAD < search->n_found)
		__builtin_prefetch(
			&graph->first[heap_node(search->queue[at + 2 * AHEAD])]);
	if (at + AHEAD < search->n_found)
		__builtin_prefetch(&graph->targets[graph->first[heap_node(
			search->queue[at + AHEAD])]]);
}

/* Find what the node at a place of the queue leads to by exact edges. */
static void follow_exact(struct search *search, uint32_t at, uint32_t possible)
{
	const struct heap_graph *graph = search->graph;
	uint32_t from = search->queue[at];

	fetch(search, at);
	for (uint32_t edge = graph->first[from]; edge < graph->first[from + 1]; edge++) {
		uint32_t target = graph->targets[edge];

		if (target & HEAP_EDGE_POSSIBLE)
			search->queue[at] = from | HEAP_EDGE_POSSIBLE;
		else if (target != 0 && search->paths->holder[target] == HEAP_NONE)
			find(search, target, at, edge, possible);
	}
}

/* The same by possible edges, if it has any: it was asked for the exact ones before. */
static void follow_possible(struct search *search, uint32_t at)
{
	const struct heap_graph *graph = search->graph;
	uint32_t from = heap_node(search->queue[at]);

	if (from == search->queue[at])
		return;
	for (uint32_t edge = graph->first[from]; edge < graph->first[from + 1]; edge++) {
		uint32_t target = graph->targets[edge], node = heap_node(target);

		if (node != target && node != 0 &&
		    search->paths->holder[node] == HEAP_NONE)
			find(search, node, at, edge, HEAP_EDGE_POSSIBLE);
	}
}

/* From the places `before` on in the round before, and from its own */
static void find_round(struct search *search, uint32_t before)
{
	uint32_t begin = search->n_found, at = begin;

	while (before < begin || at < search->n_found) {
		bool is_before = before < begin &&
				 (at == search->n_found ||
				  search->distance[before] <= search->distance[at]);

		if (is_before)
			follow_possible(search, before++);
		else
			follow_exact(search, at++, HEAP_EDGE_POSSIBLE);
	}
}

static void find_all(struct search *search)
{
	uint32_t before = 0, begin;

	search->queue[0] = 0;
	search->distance[0] = 0;
	search->n_found = 1;
	for (uint32_t at = 0; at < search->n_found; at++)
		follow_exact(search, at, 0);
	do {
		begin = search->n_found;
		find_round(search, before);
		before = begin;
	} while (begin < search->n_found);
}

int heap_paths(const struct heap_graph *graph, struct heap_paths *paths)
{
	size_t n = graph->n_nodes;
	struct search search = {graph, paths, NULL, NULL, 0};
	int error = -ENOMEM;

	paths->holder = reallocarray(NULL, n, sizeof(*paths->holder));
	paths->edge = calloc(n, sizeof(*paths->edge));
	search.queue = reallocarray(NULL, n, sizeof(*search.queue));
	search.distance = reallocarray(NULL, n, sizeof(*search.distance));
	if (!paths->holder || !paths->edge || !search.queue || !search.distance)
		goto out;
	for (size_t v = 0; v < n; v++)
		paths->holder[v] = HEAP_NONE;
	find_all(&search);
	error = 0;
out:
	free(search.queue);
	free(search.distance);
	return error;
}

void heap_paths_fini(struct heap_paths *paths)
{
	free(paths->holder);
	free(paths->edge);
	*paths = (struct heap_paths){0};
}
