// SPDX-License-Identifier: MIT
/*
 * All facts in one go: what memory they take, and what happens without it. The linker
 * hands the allocations of the room to the functions below (--wrap).
 */
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "heap/facts.h"
#include "heap/graph.h"

#include "tests/unit/heap-fixture.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_reallocarray(void *old, size_t n, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_reallocarray(void *old, size_t n, size_t size);
void __wrap_free(void *block);

static struct {
	size_t now, peak;
	long blocks;
	long n_calls, fail_at; /* fail_at 0: none fails */
} memory;

static bool fails(void)
{
	return ++memory.n_calls == memory.fail_at;
}

static void *count(void *block)
{
	memory.blocks += block != NULL;
	memory.now += malloc_usable_size(block);
	if (memory.now > memory.peak)
		memory.peak = memory.now;
	return block;
}

static void uncount(void *block)
{
	memory.blocks -= block != NULL;
	memory.now -= malloc_usable_size(block);
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : count(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : count(__real_calloc(n, size));
}

/* Old and new are there at the same time, as when it moves. */
void *__wrap_reallocarray(void *old, size_t n, size_t size)
{
	size_t old_size = malloc_usable_size(old);
	void *grown;

	if (fails())
		return NULL;
	grown = __real_reallocarray(old, n, size);
	if (grown && old) {
		memory.blocks--;
		count(grown);
		memory.now -= old_size;
		return grown;
	}
	return count(grown);
}

void __wrap_free(void *block)
{
	uncount(block);
	__real_free(block);
}

enum kind {
	LIST,
	MANY_SITES,
	RANDOM,
	POINTED_TO, /* all edges but few are none along which a search goes */
	N_KINDS
};

struct input {
	struct heap_graph graph;
	uint64_t *sizes;
	uint32_t *sites;
};

static uint32_t source_of(enum kind kind, uint32_t i, uint32_t n, uint64_t *random)
{
	if (i <= n && (kind == LIST || kind == MANY_SITES))
		return i == 1 ? n + 1 : i - 1;
	if (kind == POINTED_TO)
		return i <= n ? n + 1 : 1 + i % n;
	return i == 1 ? n + 1 : 1 + next_random(random) % n;
}

static int fill(struct input *input, enum kind kind, uint32_t n, uint32_t n_edges)
{
	uint64_t random = 1;

	for (int pass = 0; pass < 2; pass++) {
		if (pass == 1 && heap_graph_reserve(&input->graph))
			return -ENOMEM;
		random = 1;
		for (uint32_t i = 0; i < n_edges; i++) {
			uint32_t source = i == 0 ? 0 : source_of(kind, i, n, &random);

			if (pass == 0)
				heap_graph_count(&input->graph, source);
			else
				heap_graph_add(&input->graph, source,
					       i == 0 ? n + 1 : 1 + (i - 1) % n);
		}
	}
	input->sizes = calloc((size_t)n + 2, sizeof(*input->sizes));
	input->sites = calloc((size_t)n + 2, sizeof(*input->sites));
	if (!input->sizes || !input->sites)
		return -ENOMEM;
	for (uint32_t v = 1; v <= n; v++) {
		input->sizes[v] = 16;
		input->sites[v] = kind == MANY_SITES ? v : 0;
	}
	return 0;
}

static uint32_t edges_of(enum kind kind, uint32_t n)
{
	return 1 + (kind == POINTED_TO ? 8 * n : n + n / 2);
}

/* From n blocks to the facts; what is made is ended. */
static int run(enum kind kind, uint32_t n)
{
	struct heap_facts facts = {0};
	struct input input = {0};
	int error = heap_graph_init(&input.graph, n, 1);

	if (!error)
		error = fill(&input, kind, n, edges_of(kind, n));
	if (!error)
		error = heap_find_facts(&input.graph, input.sizes, input.sites, &facts);
	if (!error && facts.retained_blocks[0] == 0)
		error = -EINVAL;
	heap_facts_fini(&facts);
	heap_graph_fini(&input.graph);
	free(input.sizes);
	free(input.sites);
	return error;
}

static void no_graph_takes_more_memory_than_was_said(void **state)
{
	static const uint32_t numbers[] = {1, 100, 100000, 1000000};

	(void)state;
	for (int kind = 0; kind < N_KINDS; kind++)
		for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
			uint32_t n = numbers[i];
			uint64_t said = heap_memory(n + 2, edges_of((enum kind)kind, n));

			memory.peak = memory.now = 0;
			assert_int_equal(run((enum kind)kind, n), 0);
			print_message("# %d, %u: %zu of %zu bytes\n", kind, n,
				      memory.peak, (size_t)said);
			assert_true(memory.peak <= said);
			assert_int_equal(memory.now, 0);
			assert_int_equal(memory.blocks, 0);
		}
}

static void ten_million_blocks_take_less_than_64_bytes_each(void **state)
{
	(void)state;
	assert_true(heap_memory(10000002, 15000000) <= UINT64_C(640000000));
}

static void each_allocation_may_fail(void **state)
{
	int error = -ENOMEM;

	(void)state;
	for (memory.fail_at = 1; error; memory.fail_at++) {
		memory.n_calls = 0;
		error = run(MANY_SITES, 100);
		assert_true(error == 0 || error == -ENOMEM);
		assert_int_equal(memory.blocks, 0);
	}
	assert_true(memory.fail_at > 15);
	memory.fail_at = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_graph_takes_more_memory_than_was_said),
		cmocka_unit_test(ten_million_blocks_take_less_than_64_bytes_each),
		cmocka_unit_test(each_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
