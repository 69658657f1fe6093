// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/heap-fixture.h"

enum shape {
	SPARSE,
	DENSE,
	NO_CYCLES,
	RING,
	TREE,
	ANYWHERE,
	N_SHAPES
};

uint32_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*state >> 33);
}

void build_graph(struct heap_graph *graph, uint32_t n_blocks, uint32_t n_roots,
		 const struct edge *edges, size_t n_edges)
{
	assert_int_equal(heap_graph_init(graph, n_blocks, n_roots), 0);
	for (size_t i = 0; i < n_edges; i++)
		assert_int_equal(heap_graph_count(graph, edges[i].source), 0);
	assert_int_equal(heap_graph_reserve(graph), 0);
	for (size_t i = 0; i < n_edges; i++)
		heap_graph_add(graph, edges[i].source, edges[i].target);
}

static void add(struct small *small, uint64_t *state, uint32_t source, uint32_t target)
{
	if (next_random(state) % 4 == 0)
		target |= HEAP_EDGE_POSSIBLE;
	if (small->n_edges < SMALL_EDGES)
		small->edges[small->n_edges++] = (struct edge){source, target};
}

static uint32_t any_block(struct small *small, uint64_t *state)
{
	return 1 + next_random(state) % small->n_blocks;
}

/* Edges between blocks alone, or any in the last shape */
static void connect(struct small *small, uint64_t *state, enum shape shape)
{
	uint32_t n = small->n_blocks, n_nodes = 1 + n + small->n_roots;
	uint32_t n_edges = shape == DENSE ? n * n / 2 : n + next_random(state) % n;

	for (uint32_t i = 0; i < n_edges; i++) {
		uint32_t a = any_block(small, state), b = any_block(small, state);

		if (shape == TREE && i + 2 <= n)
			add(small, state, 1 + next_random(state) % (i + 1), i + 2);
		else if (shape == RING && i < n)
			add(small, state, i + 1, (i + 1) % n + 1);
		else if (shape == ANYWHERE)
			add(small, state, next_random(state) % n_nodes,
			    next_random(state) % n_nodes);
		else if (shape == NO_CYCLES && a != b)
			add(small, state, a < b ? a : b, a < b ? b : a);
		else if (shape == SPARSE || shape == DENSE || shape == RING)
			add(small, state, a, b);
	}
}

static void connect_roots(struct small *small, uint64_t *state)
{
	for (uint32_t i = 0; i < small->n_roots; i++) {
		uint32_t root = 1 + small->n_blocks + i;

		small->edges[small->n_edges++] = (struct edge){0, root};
		for (uint32_t n = 1 + next_random(state) % 2; n > 0; n--)
			add(small, state, root, any_block(small, state));
	}
}

void make_small(struct small *small, uint64_t seed)
{
	uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	uint64_t kind = seed / N_SHAPES;

	next_random(&state);
	*small = (struct small){0};
	small->n_blocks = 1 + next_random(&state) % 12;
	small->n_roots = 1 + next_random(&state) % 3;
	connect_roots(small, &state);
	connect(small, &state, (enum shape)(seed % N_SHAPES));
	if (kind % 2 == 1) { /* self edges */
		uint32_t block = any_block(small, &state);

		add(small, &state, block, block);
	}
	if (kind / 2 % 2 == 1) { /* the same edge several times */
		for (uint32_t i = 0, n = small->n_edges; i < n; i += 2)
			add(small, &state, small->edges[i].source,
			    heap_node(small->edges[i].target));
	}
}

void build_small(struct heap_graph *graph, const struct small *small)
{
	build_graph(graph, small->n_blocks, small->n_roots, small->edges, small->n_edges);
}

uint32_t reach_without(const struct small *small, uint32_t removed)
{
	uint32_t reached = removed == 0 ? 0 : 1, before;

	do {
		before = reached;
		for (uint32_t i = 0; i < small->n_edges; i++) {
			uint32_t target = heap_node(small->edges[i].target);

			if (target != removed && reached >> small->edges[i].source & 1)
				reached |= UINT32_C(1) << target;
		}
	} while (reached != before);
	return reached;
}
