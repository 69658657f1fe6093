/* SPDX-License-Identifier: MIT */
/* The tree of stacks against a list of all stacks. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/nodes.h"
#include "runtime/tracker.h"
#include "runtime-fixture.h"

#define MOST 12
#define N_STACKS 20000

struct stack {
	struct rhp_walk walk;
	struct rhp_frame frames[MOST + 1];
};

static unsigned int draw(unsigned int *seed, unsigned int below)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 16) % below;
}

/* The outer frames are one of few, some inner ones one of many. */
static void make_up(struct stack *s, unsigned int *seed)
{
	memset(s, 0, sizeof(*s));
	s->walk.max = MOST;
	s->walk.n = 1 + draw(seed, MOST);
	s->walk.flags = draw(seed, 8) ? 0 : RHP_NODE_TRUNCATED;
	for (uint32_t i = 0; i < s->walk.n; i++)
		s->walk.frames[i] = (struct rhp_frame){
			.ip = 0x10000 + draw(seed, draw(seed, 30) ? 2 : 3000),
			.module = (uint16_t)draw(seed, 2),
			.exact = draw(seed, 20) == 0,
		};
}

static bool are_equal(const struct stack *a, const struct stack *b)
{
	if (a->walk.n != b->walk.n || a->walk.flags != b->walk.flags)
		return false;
	for (uint32_t i = 0; i < a->walk.n; i++) {
		const struct rhp_frame *x = &a->walk.frames[i], *y = &b->walk.frames[i];

		if (x->ip != y->ip || x->module != y->module || x->exact != y->exact)
			return false;
	}
	return true;
}

static uint32_t get(struct stack *s, const struct stack *known)
{
	struct rhp_tracker *t = rhp_tracker_get();
	uint32_t rest, node = rhp_nodes_find(&s->walk, known ? &known->walk : NULL,
					     RHP_FN_malloc, &rest);

	assert_non_null(t);
	if (node == 0) {
		rhp_nodes_lock();
		node = rhp_nodes_make(&t->stream, &s->walk, RHP_FN_malloc, rest);
		rhp_nodes_unlock();
	}
	rhp_tracker_done(t);
	assert_true(node != 0);
	return node;
}

static struct stack *make_up_all(uint32_t *nodes)
{
	struct stack *all = calloc(N_STACKS, sizeof(*all));
	unsigned int seed = 1;

	assert_non_null(all);
	for (uint32_t i = 0; i < N_STACKS; i++) {
		make_up(&all[i], &seed);
		nodes[i] = get(&all[i], i > 0 && draw(&seed, 2) ? &all[i - 1] : NULL);
	}
	return all;
}

static int compare_nodes(const void *a, const void *b)
{
	uint32_t x = **(uint32_t *const *)a, y = **(uint32_t *const *)b;

	return (x > y) - (x < y);
}

/* Equal stacks have one node, others have others. */
static void each_stack_has_its_node(void **state)
{
	static uint32_t nodes[N_STACKS], *by_node[N_STACKS];
	struct stack *all = make_up_all(nodes);

	(void)state;
	for (uint32_t i = 0; i < N_STACKS; i++)
		by_node[i] = &nodes[i];
	qsort(by_node, N_STACKS, sizeof(*by_node), compare_nodes);
	for (uint32_t i = 1; i < N_STACKS; i++)
		if (*by_node[i - 1] == *by_node[i])
			assert_true(are_equal(&all[by_node[i - 1] - nodes],
					      &all[by_node[i] - nodes]));
	for (uint32_t i = 0; i < N_STACKS; i++) {
		for (uint32_t j = 0; j < all[i].walk.n; j++)
			all[i].walk.frames[j].node = 0;
		assert_int_equal(get(&all[i], NULL), nodes[i]);
		assert_int_equal(get(&all[i], &all[(i * 7919) % N_STACKS]), nodes[i]);
	}
	free(all);
}

static void *get_all(void *result)
{
	uint32_t *nodes = result;

	free(make_up_all(nodes));
	return NULL;
}

static void threads_agree(void **state)
{
	static uint32_t nodes[4][N_STACKS];
	pthread_t threads[4];

	(void)state;
	rhp_nodes_forget();
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, get_all, nodes[i]), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (int i = 1; i < 4; i++)
		assert_memory_equal(nodes[0], nodes[i], sizeof(nodes[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_stack_has_its_node),
		cmocka_unit_test(threads_agree),
	};

	return cmocka_run_group_tests(tests, runtime_fixture_open, runtime_fixture_close);
}
