// SPDX-License-Identifier: MIT
/*
 * The dominator tree by sites. Of small graphs each node's group is compared with the
 * sites on its way up, written out: nodes with the same are in the same group.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "heap/dominators.h"
#include "heap/fold.h"
#include "heap/graph.h"

#include "tests/unit/heap-fixture.h"

#define MILLION 1000000
#define N_SITES 4

/* Sites from node 0 down, as letters */
typedef char way[SMALL_NODES + 1];

static void set_ways(const struct heap_tree *tree, const uint32_t *sites, way *ways)
{
	ways[0][0] = '\0';
	for (uint32_t i = 1; i < tree->n_nodes; i++) {
		uint32_t v = tree->order[i];
		char *text = ways[v], *same;

		memmove(text, ways[tree->dominator[v]], sizeof(way));
		same = strchr(text, 'a' + (int)sites[v]);
		if (same)
			same[1] = '\0';
		else
			strcat(text, (char[]){(char)('a' + sites[v]), '\0'});
	}
}

/* What all nodes in and below a way have */
static void check_group(const struct heap_graph *graph, const struct heap_tree *tree,
			const struct heap_fold *fold, way *ways, uint32_t v)
{
	const struct heap_group *group = &fold->groups[fold->group[v]];
	uint64_t own = 0, all = 0, is_block = (UINT64_C(2) << graph->n_blocks) - 2;

	for (uint32_t i = 0; i < tree->n_nodes; i++) {
		uint32_t other = tree->order[i];

		assert_int_equal(fold->group[other] == fold->group[v],
				 strcmp(ways[other], ways[v]) == 0);
		if (strcmp(ways[other], ways[v]) == 0)
			own |= UINT64_C(1) << other;
		if (strncmp(ways[other], ways[v], strlen(ways[v])) == 0)
			all |= UINT64_C(1) << other;
	}
	assert_int_equal(group->bytes, own);
	assert_int_equal(group->retained_bytes, all);
	assert_int_equal(group->blocks, __builtin_popcountll(own & is_block));
	assert_int_equal(group->retained_blocks, __builtin_popcountll(all & is_block));
}

static void groups_are_the_ways_up_by_sites(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < N_RANDOM; seed++) {
		uint64_t sizes[SMALL_NODES], random = seed;
		uint32_t sites[SMALL_NODES];
		struct heap_graph graph;
		struct heap_tree tree;
		struct heap_fold fold;
		struct small small;
		way ways[SMALL_NODES];

		make_small(&small, seed);
		build_small(&graph, &small);
		for (uint32_t v = 0; v < graph.n_nodes; v++) {
			sizes[v] = UINT64_C(1) << v;
			sites[v] = next_random(&random) % N_SITES;
		}
		assert_int_equal(heap_dominators(&graph, &tree), 0);
		assert_int_equal(heap_fold(&graph, &tree, sizes, sites, &fold), 0);
		set_ways(&tree, sites, ways);
		for (uint32_t v = 0; v < graph.n_nodes; v++) {
			if (v > 0 && tree.dominator[v] == HEAP_NONE)
				assert_int_equal(fold.group[v], HEAP_NONE);
			else
				check_group(&graph, &tree, &fold, ways, v);
		}
		for (uint32_t i = 1; i < fold.n_groups; i++)
			assert_true(fold.groups[i].parent < i);
		assert_int_equal(fold.groups[0].parent, HEAP_NONE);
		heap_fold_fini(&fold);
		heap_tree_fini(&tree);
		heap_graph_fini(&graph);
	}
}

/* A list of n blocks below one root, whose sites come round; site n_sites is the root's
 */
static void fold_list(uint32_t n, uint32_t n_sites, struct heap_fold *fold)
{
	struct edge *edges = calloc(n + 1, sizeof(*edges));
	uint32_t *sites = calloc(n + 2, sizeof(*sites));
	uint64_t *sizes = calloc(n + 2, sizeof(*sizes));
	struct heap_graph graph;
	struct heap_tree tree;

	assert_true(edges && sites && sizes);
	edges[0] = (struct edge){0, n + 1};
	for (uint32_t v = 1; v <= n; v++) {
		edges[v] = (struct edge){v == 1 ? n + 1 : v - 1, v};
		sites[v] = (v - 1) % n_sites;
		sizes[v] = 8;
	}
	sites[n + 1] = n_sites;
	build_graph(&graph, n, 1, edges, n + 1);
	assert_int_equal(heap_dominators(&graph, &tree), 0);
	assert_int_equal(heap_fold(&graph, &tree, sizes, sites, fold), 0);
	heap_tree_fini(&tree);
	heap_graph_fini(&graph);
	free(edges);
	free(sites);
	free(sizes);
}

static void a_list_of_a_million_is_one_group(void **state)
{
	struct heap_fold fold;

	(void)state;
	fold_list(MILLION, 1, &fold);
	assert_int_equal(fold.n_groups, 3);
	assert_int_equal(fold.groups[2].parent, 1);
	assert_int_equal(fold.groups[2].blocks, MILLION);
	assert_int_equal(fold.groups[1].retained_bytes, 8 * MILLION);
	assert_int_equal(fold.groups[1].blocks, 0);
	heap_fold_fini(&fold);
}

static void sites_that_take_turns_are_a_group_each(void **state)
{
	struct heap_fold fold;

	(void)state;
	fold_list(MILLION, HEAP_FOLD_REACH, &fold);
	assert_int_equal(fold.n_groups, 2 + HEAP_FOLD_REACH);
	assert_int_equal(fold.groups[2].blocks, MILLION / HEAP_FOLD_REACH);
	assert_int_equal(fold.groups[2].retained_blocks, MILLION);
	heap_fold_fini(&fold);
	/* One more, and the same site is too far up to be seen. */
	fold_list(3 * (HEAP_FOLD_REACH + 1), HEAP_FOLD_REACH + 1, &fold);
	assert_int_equal(fold.n_groups, 2 + 3 * (HEAP_FOLD_REACH + 1));
	heap_fold_fini(&fold);
}

static void groups_have_an_end(void **state)
{
	struct heap_fold fold;

	(void)state;
	fold_list(HEAP_FOLD_MAX + 100, HEAP_FOLD_MAX + 100, &fold);
	assert_int_equal(fold.n_groups, HEAP_FOLD_MAX);
	assert_int_equal(fold.n_unfolded, 102);
	assert_int_equal(fold.groups[HEAP_FOLD_MAX - 1].blocks, 103);
	assert_int_equal(fold.groups[0].retained_blocks, HEAP_FOLD_MAX + 100);
	heap_fold_fini(&fold);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_are_the_ways_up_by_sites),
		cmocka_unit_test(a_list_of_a_million_is_one_group),
		cmocka_unit_test(sites_that_take_turns_are_a_group_each),
		cmocka_unit_test(groups_have_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
