// SPDX-License-Identifier: MIT
/*
 * Nodes are numbered as a search in depth finds them; all arrays but two are by these
 * numbers, and HEAP_NONE nodes have none. In such an order parents, semidominators and
 * dominators of a node come before it.
 *
 * The search needs no stack: the parents lead back. Most edges of a heap are those along
 * which the search went. They say nothing that the parents do not say, so only the others
 * are turned around; a bit for each edge tells them apart.
 *
 * A semidominator is the lowest number that leads to a node over higher numbers only. As
 * nodes are done from the highest number down, each is linked to its parent; what it asks
 * of a node that points to it is the lowest semidominator on the linked way up from
 * there. The way is shortened each time: all on it lead to its end, and have the lowest
 * so far. It is turned around on the way up, which leads back down without a stack.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "heap/graph.h"

#include "heap/dominators.h"

#define BITS 64  /* of a word of the set of edges */
#define AHEAD 16 /* sources whose links are fetched before they are needed */

struct link {
	union {
		uint32_t up;   /* the parent at first, then one further up */
		uint32_t jump; /* later: a dominator further up */
	};
	union {
		uint32_t lowest; /* semidominator from here to the one below `up` */
		uint32_t depth;  /* later: how many dominators are above */
	};
};

struct work {
	const struct heap_graph *graph;
	uint32_t n;         /* nodes found */
	uint32_t *node;     /* of a number: the order of the tree */
	uint32_t *number;   /* of a node: where the dominators are put in the end */
	uint32_t *parent;   /* then its dominator */
	uint32_t *semi;     /* during the search: the next edge to look at */
	uint64_t *is_along; /* the search went along this edge */
	uint32_t *first, *sources; /* the other edges by their targets, all as numbers */
	struct link *links;
};

static void *make_array(size_t n, size_t size)
{
	return reallocarray(NULL, n + 1, size);
}

static int prepare(struct work *work, struct heap_tree *tree)
{
	size_t n = work->graph->n_nodes;

	work->node = tree->order = make_array(n, sizeof(*work->node));
	work->number = tree->dominator = make_array(n, sizeof(*work->number));
	work->parent = make_array(n, sizeof(*work->parent));
	work->semi = make_array(n, sizeof(*work->semi));
	work->is_along = calloc(work->graph->n_edges / BITS + 1, sizeof(*work->is_along));
	if (!work->node || !work->number || !work->parent || !work->semi ||
	    !work->is_along)
		return -ENOMEM;
	for (size_t v = 0; v < n; v++)
		work->number[v] = HEAP_NONE;
	return 0;
}

static void enter(struct work *work, uint32_t node, uint32_t parent)
{
	uint32_t i = work->n++;

	work->number[node] = i;
	work->node[i] = node;
	work->parent[i] = parent;
	work->semi[i] = work->graph->first[node];
}

static void search(struct work *work)
{
	const struct heap_graph *graph = work->graph;
	uint32_t at = 0;

	enter(work, 0, HEAP_NONE);
	while (at != HEAP_NONE) {
		uint32_t edge = work->semi[at], node;

		if (edge == graph->first[work->node[at] + 1]) {
			at = work->parent[at];
			continue;
		}
		work->semi[at]++;
		node = heap_node(graph->targets[edge]);
		if (work->number[node] != HEAP_NONE)
			continue;
		work->is_along[edge / BITS] |= UINT64_C(1) << edge % BITS;
		enter(work, node, at);
		at = work->n - 1;
	}
}

/* Call `take` for each edge that has a number at both ends and is not along. */
static inline void visit_others(struct work *work,
				void (*take)(struct work *work, uint32_t source,
					     uint32_t target))
{
	const struct heap_graph *graph = work->graph;

	for (uint32_t v = 0; v < graph->n_nodes; v++) {
		uint32_t source = work->number[v];

		if (source == HEAP_NONE)
			continue;
		for (uint32_t edge = graph->first[v]; edge < graph->first[v + 1];
		     edge++) {
			if (work->is_along[edge / BITS] >> edge % BITS & 1)
				continue;
			take(work, source, work->number[heap_node(graph->targets[edge])]);
		}
	}
}

/* As in graph.c: counted two places further than it begins */
static void count_source(struct work *work, uint32_t source, uint32_t target)
{
	(void)source;
	work->first[target + 2]++;
}

static void add_source(struct work *work, uint32_t source, uint32_t target)
{
	work->sources[work->first[target + 1]++] = source;
}

static int turn_around(struct work *work)
{
	work->first = calloc((size_t)work->n + 2, sizeof(*work->first));
	if (!work->first)
		return -ENOMEM;
	visit_others(work, count_source);
	for (uint32_t i = 1; i <= work->n; i++)
		work->first[i + 1] += work->first[i];
	work->sources = make_array(work->first[work->n + 1], sizeof(*work->sources));
	if (!work->sources)
		return -ENOMEM;
	visit_others(work, add_source);
	free(work->is_along);
	work->is_along = NULL;
	return 0;
}

/* The lowest semidominator from a linked node up to the last one above `last`; all nodes
 * above `last` are linked. */
static uint32_t find_lowest(struct link *links, uint32_t i, uint32_t last)
{
	uint32_t below = HEAP_NONE, end, lowest;

	while (links[i].up > last) {
		uint32_t up = links[i].up;

		links[i].up = below;
		below = i;
		i = up;
	}
	end = links[i].up;
	lowest = links[i].lowest;
	while (below != HEAP_NONE) {
		struct link *link = &links[below];

		below = link->up;
		link->up = end;
		if (link->lowest < lowest)
			lowest = link->lowest;
		link->lowest = lowest;
	}
	return lowest;
}

static int find_semidominators(struct work *work)
{
	struct link *links = work->links = make_array(work->n, sizeof(*links));

	if (!links)
		return -ENOMEM;
	for (uint32_t i = work->n - 1; i > 0; i--) {
		uint32_t semi = work->parent[i], next = work->first[i];

		if (next >= AHEAD)
			__builtin_prefetch(&links[work->sources[next - AHEAD]]);
		for (uint32_t k = work->first[i]; k < work->first[i + 1]; k++) {
			uint32_t source = work->sources[k];
			uint32_t found =
				source > i ? find_lowest(links, source, i) : source;

			if (found < semi)
				semi = found;
		}
		work->semi[i] = semi;
		links[i] = (struct link){{work->parent[i]}, {semi}};
	}
	return 0;
}

/* The first dominator on the way up from a number that is not above `limit` */
static uint32_t climb(const struct work *work, uint32_t i, uint32_t limit)
{
	while (i > limit) {
		uint32_t far = work->links[i].jump;

		i = far >= limit ? far : work->parent[i];
	}
	return i;
}

/* From a number to its dominator, or as far again as two equal jumps from there lead. So
 * log n jumps lead anywhere. */
static void set_jump(struct link *links, uint32_t i, uint32_t dominator)
{
	uint32_t far = links[dominator].jump, farther = links[far].jump;

	links[i].depth = links[dominator].depth + 1;
	if (links[dominator].depth - links[far].depth ==
	    links[far].depth - links[farther].depth)
		links[i].jump = farther;
	else
		links[i].jump = dominator;
}

/* A dominator is the first one on the way up from the parent that is not above the
 * semidominator. */
static void find_dominators(struct work *work)
{
	work->links[0] = (struct link){{0}, {0}};
	for (uint32_t i = 1; i < work->n; i++) {
		work->parent[i] = climb(work, work->parent[i], work->semi[i]);
		set_jump(work->links, i, work->parent[i]);
	}
	for (uint32_t i = 1; i < work->n; i++)
		work->number[work->node[i]] = work->node[work->parent[i]];
	work->number[0] = HEAP_NONE;
}

int heap_dominators(const struct heap_graph *graph, struct heap_tree *tree)
{
	struct work work = {.graph = graph};
	int error = prepare(&work, tree);

	if (error)
		goto out;
	search(&work);
	error = turn_around(&work);
	if (!error)
		error = find_semidominators(&work);
	if (!error)
		find_dominators(&work);
out:
	tree->n_nodes = work.n;
	free(work.parent);
	free(work.semi);
	free(work.is_along);
	free(work.first);
	free(work.sources);
	free(work.links);
	return error;
}

void heap_tree_fini(struct heap_tree *tree)
{
	free(tree->order);
	free(tree->dominator);
	*tree = (struct heap_tree){0};
}
