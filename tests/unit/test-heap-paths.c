// SPDX-License-Identifier: MIT
/* Shortest paths; of small graphs, compared with what relaxing all edges again and again
 * ends with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "heap/graph.h"
#include "heap/paths.h"

#include "tests/unit/heap-fixture.h"

#define MILLION 1000000
#define FAR UINT32_MAX
#define POSSIBLE_COST 1000 /* more than a path of a small graph has edges */

static uint32_t cost_of(uint32_t target)
{
	return target & HEAP_EDGE_POSSIBLE ? POSSIBLE_COST + 1 : 1;
}

static void relax_all(const struct small *small, uint32_t *costs)
{
	bool is_better = true;

	for (uint32_t v = 0; v < SMALL_NODES; v++)
		costs[v] = v == 0 ? 0 : FAR;
	while (is_better) {
		is_better = false;
		for (uint32_t i = 0; i < small->n_edges; i++) {
			const struct edge *edge = &small->edges[i];
			uint32_t *to = &costs[heap_node(edge->target)];

			if (costs[edge->source] == FAR ||
			    costs[edge->source] + cost_of(edge->target) >= *to)
				continue;
			*to = costs[edge->source] + cost_of(edge->target);
			is_better = true;
		}
	}
}

/* The cost of the path back to node 0; fails if it is none. */
static uint32_t walk(const struct heap_graph *graph, const struct heap_paths *paths,
		     uint32_t v)
{
	uint32_t cost = 0;

	for (uint32_t n = 0; v != 0; n++) {
		uint32_t holder = heap_node(paths->holder[v]), edge = paths->edge[v];

		assert_true(n < graph->n_nodes);
		assert_true(graph->first[holder] <= edge &&
			    edge < graph->first[holder + 1]);
		assert_int_equal(heap_node(graph->targets[edge]), v);
		cost += cost_of(graph->targets[edge]);
		v = holder;
	}
	return cost;
}

static void each_path_is_one_of_the_best(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < N_RANDOM; seed++) {
		uint32_t costs[SMALL_NODES];
		struct heap_graph graph;
		struct heap_paths paths;
		struct small small;

		make_small(&small, seed);
		build_small(&graph, &small);
		relax_all(&small, costs);
		assert_int_equal(heap_paths(&graph, &paths), 0);
		assert_int_equal(paths.holder[0], HEAP_NONE);
		for (uint32_t v = 1; v < graph.n_nodes; v++) {
			if (costs[v] == FAR) {
				assert_int_equal(paths.holder[v], HEAP_NONE);
				assert_int_equal(paths.edge[v], 0);
				continue;
			}
			assert_int_equal(walk(&graph, &paths, v), costs[v]);
			assert_int_equal(!!(paths.holder[v] & HEAP_EDGE_POSSIBLE),
					 costs[v] >= POSSIBLE_COST);
		}
		heap_paths_fini(&paths);
		heap_graph_fini(&graph);
	}
}

/* A root that points to the end of a list by chance does not make its path a doubt. */
static void a_long_exact_path_is_better_than_a_possible_edge(void **state)
{
	struct edge *edges = calloc(MILLION + 3, sizeof(*edges));
	struct heap_graph graph;
	struct heap_paths paths;

	(void)state;
	assert_non_null(edges);
	for (uint32_t v = 1; v < MILLION; v++)
		edges[v] = (struct edge){v, v + 1};
	edges[0] = (struct edge){0, MILLION + 1};
	edges[MILLION] = (struct edge){MILLION + 1, 1};
	edges[MILLION + 1] = (struct edge){0, MILLION + 2};
	edges[MILLION + 2] = (struct edge){MILLION + 2, MILLION | HEAP_EDGE_POSSIBLE};
	build_graph(&graph, MILLION, 2, edges, MILLION + 3);
	assert_int_equal(heap_paths(&graph, &paths), 0);
	for (uint32_t v = 2; v <= MILLION; v++)
		assert_int_equal(paths.holder[v], v - 1);
	heap_paths_fini(&paths);
	heap_graph_fini(&graph);
	free(edges);
}

/* What hangs below a block that may be held is in doubt, too. */
static void a_doubt_is_handed_down(void **state)
{
	static const struct edge edges[] = {
		{0, 4}, {4, 1 | HEAP_EDGE_POSSIBLE}, {1, 2}, {2, 3}, {3, 2}};
	struct heap_graph graph;
	struct heap_paths paths;

	(void)state;
	build_graph(&graph, 3, 1, edges, sizeof(edges) / sizeof(*edges));
	assert_int_equal(heap_paths(&graph, &paths), 0);
	assert_int_equal(paths.holder[4], 0);
	assert_int_equal(paths.holder[1], 4 | HEAP_EDGE_POSSIBLE);
	assert_int_equal(paths.holder[2], 1 | HEAP_EDGE_POSSIBLE);
	assert_int_equal(paths.holder[3], 2 | HEAP_EDGE_POSSIBLE);
	heap_paths_fini(&paths);
	heap_graph_fini(&graph);
}

/* The best path to 4 has one possible edge and is as long as it may be: 6, 1, 2, 3, 4.
 * That by 5 has two, and is short. */
static void fewer_doubts_are_better_than_fewer_edges(void **state)
{
	static const struct edge edges[] = {{0, 6},
					    {6, 1 | HEAP_EDGE_POSSIBLE},
					    {1, 2},
					    {2, 3},
					    {3, 4},
					    {6, 5 | HEAP_EDGE_POSSIBLE},
					    {5, 4 | HEAP_EDGE_POSSIBLE}};
	struct heap_graph graph;
	struct heap_paths paths;

	(void)state;
	build_graph(&graph, 5, 1, edges, sizeof(edges) / sizeof(*edges));
	assert_int_equal(heap_paths(&graph, &paths), 0);
	assert_int_equal(paths.holder[4], 3 | HEAP_EDGE_POSSIBLE);
	assert_int_equal(graph.targets[paths.edge[4]], 4);
	heap_paths_fini(&paths);
	heap_graph_fini(&graph);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_path_is_one_of_the_best),
		cmocka_unit_test(a_long_exact_path_is_better_than_a_possible_edge),
		cmocka_unit_test(a_doubt_is_handed_down),
		cmocka_unit_test(fewer_doubts_are_better_than_fewer_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
