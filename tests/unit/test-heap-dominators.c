// SPDX-License-Identifier: MIT
/*
 * Dominators, and what they retain. Small graphs are compared with what a removal of each
 * node leaves; large ones are lists, trees and the like, whose dominators are known.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "heap/dominators.h"
#include "heap/graph.h"
#include "heap/retained.h"

#include "tests/unit/heap-fixture.h"

#define MILLION 1000000

/* Of a node, those that it cannot be reached without, itself not counted */
static uint32_t dominators_of(const uint32_t *without, uint32_t v)
{
	uint32_t found = 0;

	for (uint32_t x = 0; x < SMALL_NODES; x++)
		if (x != v && !(without[x] >> v & 1))
			found |= UINT32_C(1) << x;
	return found;
}

/* The closest one has the most dominators itself. */
static uint32_t closest_of(const uint32_t *without, uint32_t v)
{
	uint32_t all = dominators_of(without, v), closest = 0;

	for (uint32_t x = 1; x < SMALL_NODES; x++)
		if (all >> x & 1 &&
		    __builtin_popcount(dominators_of(without, x)) >=
			    __builtin_popcount(dominators_of(without, closest)))
			closest = x;
	return closest;
}

/* What each removal leaves; nodes that are not there or are not reached remove nothing.
 */
static uint32_t remove_each(const struct small *small, uint32_t *without)
{
	uint32_t all = reach_without(small, HEAP_NONE);

	for (uint32_t x = 0; x < SMALL_NODES; x++)
		without[x] = all >> x & 1 ? reach_without(small, x) : all;
	return all;
}

static void dominators_are_what_a_removal_cuts_off(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < N_RANDOM; seed++) {
		uint32_t without[SMALL_NODES], all;
		struct heap_graph graph;
		struct heap_tree tree;
		struct small small;

		make_small(&small, seed);
		build_small(&graph, &small);
		all = remove_each(&small, without);
		assert_int_equal(heap_dominators(&graph, &tree), 0);
		assert_int_equal(tree.n_nodes, __builtin_popcount(all));
		assert_int_equal(tree.dominator[0], HEAP_NONE);
		for (uint32_t v = 1; v < graph.n_nodes; v++)
			assert_int_equal(tree.dominator[v],
					 all >> v & 1 ? closest_of(without, v)
						      : HEAP_NONE);
		heap_tree_fini(&tree);
		heap_graph_fini(&graph);
	}
}

static void what_is_retained_is_what_a_removal_cuts_off(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < N_RANDOM; seed++) {
		uint64_t sizes[SMALL_NODES], bytes[SMALL_NODES];
		uint32_t without[SMALL_NODES], blocks[SMALL_NODES], all;
		struct heap_graph graph;
		struct heap_tree tree;
		struct small small;

		make_small(&small, seed);
		build_small(&graph, &small);
		all = remove_each(&small, without);
		/* Bytes tell which nodes they are of. */
		for (uint32_t v = 0; v < graph.n_nodes; v++)
			sizes[v] = UINT64_C(1) << v;
		assert_int_equal(heap_dominators(&graph, &tree), 0);
		heap_retained(&graph, &tree, sizes, bytes, blocks);
		for (uint32_t v = 0; v < graph.n_nodes; v++) {
			uint32_t lost = all >> v & 1 ? all & ~without[v] : 0;
			uint32_t is_block = ((UINT32_C(1) << small.n_blocks) - 1) << 1;

			assert_int_equal(bytes[v], lost);
			assert_int_equal(blocks[v], __builtin_popcount(lost & is_block));
		}
		heap_retained(&graph, &tree, sizes, sizes, blocks);
		assert_memory_equal(sizes, bytes, graph.n_nodes * sizeof(*sizes));
		heap_tree_fini(&tree);
		heap_graph_fini(&graph);
	}
}

static void the_order_has_each_node_once_behind_its_dominator(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < N_RANDOM; seed++) {
		struct heap_graph graph;
		struct heap_tree tree;
		struct small small;
		uint32_t seen = 1;

		make_small(&small, seed);
		build_small(&graph, &small);
		assert_int_equal(heap_dominators(&graph, &tree), 0);
		assert_int_equal(tree.order[0], 0);
		for (uint32_t i = 1; i < tree.n_nodes; i++) {
			uint32_t v = tree.order[i];

			assert_true(seen >> tree.dominator[v] & 1);
			assert_false(seen >> v & 1);
			seen |= UINT32_C(1) << v;
		}
		assert_int_equal(seen, reach_without(&small, HEAP_NONE));
		heap_tree_fini(&tree);
		heap_graph_fini(&graph);
	}
}

/* a -> b, c -> d: a holds d; and what hangs below d is d's */
static void a_shared_block_is_its_common_holders(void **state)
{
	static const struct edge edges[] = {{0, 6}, {6, 1}, {1, 2}, {1, 3},
					    {2, 4}, {3, 4}, {4, 5}};
	static const uint32_t want[] = {HEAP_NONE, 6, 1, 1, 1, 4, 0};
	struct heap_graph graph;
	struct heap_tree tree;

	(void)state;
	build_graph(&graph, 5, 1, edges, sizeof(edges) / sizeof(*edges));
	assert_int_equal(heap_dominators(&graph, &tree), 0);
	assert_memory_equal(tree.dominator, want, sizeof(want));
	heap_tree_fini(&tree);
	heap_graph_fini(&graph);
}

static void a_possible_holder_is_a_holder(void **state)
{
	static const struct edge edges[] = {
		{0, 3}, {0, 4}, {3, 1}, {4, 1 | HEAP_EDGE_POSSIBLE}, {1, 2}};
	struct heap_graph graph;
	struct heap_tree tree;

	(void)state;
	build_graph(&graph, 2, 2, edges, sizeof(edges) / sizeof(*edges));
	assert_int_equal(heap_dominators(&graph, &tree), 0);
	assert_int_equal(tree.dominator[1], 0);
	assert_int_equal(tree.dominator[2], 1);
	heap_tree_fini(&tree);
	heap_graph_fini(&graph);
}

static void nothing_is_a_graph_too(void **state)
{
	struct heap_graph graph;
	struct heap_tree tree;
	uint64_t bytes = 0;
	uint32_t blocks = 1;

	(void)state;
	build_graph(&graph, 0, 0, NULL, 0);
	assert_int_equal(heap_dominators(&graph, &tree), 0);
	assert_int_equal(tree.n_nodes, 1);
	assert_int_equal(tree.dominator[0], HEAP_NONE);
	heap_retained(&graph, &tree, &bytes, &bytes, &blocks);
	assert_int_equal(blocks, 0);
	heap_tree_fini(&tree);
	heap_graph_fini(&graph);
}

static void too_many_nodes_are_refused(void **state)
{
	struct heap_graph graph;

	(void)state;
	assert_int_equal(heap_graph_init(&graph, HEAP_MAX_NODES, 0), -E2BIG);
	heap_graph_fini(&graph);
	assert_int_equal(heap_graph_init(&graph, 1, HEAP_MAX_NODES - 1), -E2BIG);
	heap_graph_fini(&graph);
	assert_int_equal(heap_graph_init(&graph, UINT64_MAX, UINT64_MAX), -E2BIG);
	heap_graph_fini(&graph);
	build_graph(&graph, 1, 0, NULL, 0);
	graph.n_edges = HEAP_MAX_EDGES;
	assert_int_equal(heap_graph_count(&graph, 0), -E2BIG);
	heap_graph_fini(&graph);
}

/* A large graph: its dominators, and what each node retains if all sizes are 1 */
struct large {
	struct edge *edges;
	size_t n_edges;
	struct heap_graph graph;
	struct heap_tree tree;
	uint64_t *bytes;
	uint32_t *blocks;
};

static void large_add(struct large *large, uint32_t source, uint32_t target)
{
	large->edges[large->n_edges++] = (struct edge){source, target};
}

static void large_begin(struct large *large, size_t n_max)
{
	*large = (struct large){.edges = calloc(n_max, sizeof(*large->edges))};
	assert_non_null(large->edges);
}

/* One root, which is the last node, has node 0 to itself. */
static void large_solve(struct large *large, uint32_t n_blocks)
{
	size_t n = (size_t)n_blocks + 2;

	large_add(large, 0, n_blocks + 1);
	build_graph(&large->graph, n_blocks, 1, large->edges, large->n_edges);
	assert_int_equal(heap_dominators(&large->graph, &large->tree), 0);
	large->bytes = calloc(n, sizeof(*large->bytes));
	large->blocks = calloc(n, sizeof(*large->blocks));
	assert_true(large->bytes && large->blocks);
	for (size_t v = 1; v <= n_blocks; v++)
		large->bytes[v] = 1;
	heap_retained(&large->graph, &large->tree, large->bytes, large->bytes,
		      large->blocks);
}

static void large_end(struct large *large)
{
	heap_tree_fini(&large->tree);
	heap_graph_fini(&large->graph);
	free(large->edges);
	free(large->bytes);
	free(large->blocks);
}

/* Each retains what comes behind it; with pointers back, too, which say nothing. */
static void check_list(bool is_double)
{
	struct large large;

	large_begin(&large, 2 * MILLION + 2);
	for (uint32_t v = 1; v < MILLION; v++) {
		large_add(&large, v, v + 1);
		if (is_double)
			large_add(&large, v + 1, v);
	}
	large_add(&large, MILLION + 1, 1);
	large_solve(&large, MILLION);
	assert_int_equal(large.tree.dominator[1], MILLION + 1);
	for (uint32_t v = 1; v <= MILLION; v++) {
		if (v > 1)
			assert_int_equal(large.tree.dominator[v], v - 1);
		assert_int_equal(large.bytes[v], MILLION + 1 - v);
		assert_int_equal(large.blocks[v], MILLION + 1 - v);
	}
	assert_int_equal(large.bytes[MILLION + 1], MILLION);
	large_end(&large);
}

static void a_list_of_a_million_is_one_chain(void **state)
{
	(void)state;
	check_list(false);
}

static void pointers_back_change_nothing(void **state)
{
	(void)state;
	check_list(true);
}

static void where_a_cycle_is_entered_holds_all_of_it(void **state)
{
	const uint32_t entry = MILLION / 3;
	struct large large;

	(void)state;
	large_begin(&large, MILLION + 2);
	for (uint32_t v = 1; v <= MILLION; v++)
		large_add(&large, v, v % MILLION + 1);
	large_add(&large, MILLION + 1, entry);
	large_solve(&large, MILLION);
	assert_int_equal(large.bytes[entry], MILLION);
	assert_int_equal(large.tree.dominator[entry], MILLION + 1);
	assert_int_equal(large.tree.dominator[1], MILLION);
	assert_int_equal(large.bytes[entry - 1], 1);
	large_end(&large);
}

static void a_tree_of_a_million_is_its_own_dominator_tree(void **state)
{
	const uint32_t n = (1 << 20) - 1;
	struct large large;

	(void)state;
	large_begin(&large, n + 2);
	for (uint32_t v = 2; v <= n; v++)
		large_add(&large, v / 2, v);
	large_add(&large, n + 1, 1);
	large_solve(&large, n);
	for (uint32_t v = 2; v <= n; v++) {
		int height = 20 - (31 - __builtin_clz(v));

		assert_int_equal(large.tree.dominator[v], v / 2);
		assert_int_equal(large.bytes[v], (1 << height) - 1);
	}
	large_end(&large);
}

/*
 * A list of half a million, whose last block points to as many others, to which the first
 * one points, too: the way up from each of these leads along the whole list.
 */
static void long_ways_up_are_jumped(void **state)
{
	const uint32_t half = MILLION / 2;
	struct large large;

	(void)state;
	large_begin(&large, 2 * MILLION);
	for (uint32_t v = 1; v < half; v++)
		large_add(&large, v, v + 1);
	for (uint32_t v = half + 1; v <= MILLION; v++) {
		large_add(&large, half, v);
		large_add(&large, 1, v);
	}
	large_add(&large, MILLION + 1, 1);
	large_solve(&large, MILLION);
	for (uint32_t v = half + 1; v <= MILLION; v++)
		assert_int_equal(large.tree.dominator[v], 1);
	assert_int_equal(large.bytes[2], half - 1);
	large_end(&large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dominators_are_what_a_removal_cuts_off),
		cmocka_unit_test(what_is_retained_is_what_a_removal_cuts_off),
		cmocka_unit_test(the_order_has_each_node_once_behind_its_dominator),
		cmocka_unit_test(a_shared_block_is_its_common_holders),
		cmocka_unit_test(a_possible_holder_is_a_holder),
		cmocka_unit_test(nothing_is_a_graph_too),
		cmocka_unit_test(too_many_nodes_are_refused),
		cmocka_unit_test(a_list_of_a_million_is_one_chain),
		cmocka_unit_test(pointers_back_change_nothing),
		cmocka_unit_test(where_a_cycle_is_entered_holds_all_of_it),
		cmocka_unit_test(a_tree_of_a_million_is_its_own_dominator_tree),
		cmocka_unit_test(long_ways_up_are_jumped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
