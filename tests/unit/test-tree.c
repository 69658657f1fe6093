// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analysis/tree.h"

/* The first ones are in a list, the others in a map. */
static void a_node_may_have_any_number_of_children(void **state)
{
	struct tree tree = {0};

	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		for (uint32_t name = 0; name < 1000; name++)
			assert_int_equal(tree_child(&tree, 0, name), name + 1);
		assert_int_equal(tree.n_nodes, 1000);
	}
	tree_fini(&tree);
}

static void equal_names_below_different_parents_are_different_nodes(void **state)
{
	struct tree tree = {0};
	uint32_t parents[20], nodes[20];

	(void)state;
	for (uint32_t i = 0; i < 20; i++)
		parents[i] = tree_child(&tree, 0, i);
	for (uint32_t i = 0; i < 20; i++)
		nodes[i] = tree_child(&tree, parents[i], 7);
	assert_int_equal(tree.n_nodes, 40);
	for (uint32_t i = 0; i < 20; i++) {
		assert_int_equal(nodes[i], 21 + i);
		assert_int_equal(tree_child(&tree, parents[i], 7), nodes[i]);
	}
	tree_fini(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_may_have_any_number_of_children),
		cmocka_unit_test(equal_names_below_different_parents_are_different_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
