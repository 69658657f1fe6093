// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analysis/live.h"

#define N 20000

static struct live live;

static int end(void **state)
{
	(void)state;
	live_fini(&live);
	return 0;
}

static uint64_t address_of(uint64_t i)
{
	return (i * 7919 % N + 1) * 16;
}

static struct live_block make_block(uint64_t i)
{
	return (struct live_block){
		.address = address_of(i),
		.size = i * 3,
		.alloc_ns = (int64_t)(i * 10),
		.stack = (uint32_t)i,
		.thread = (uint32_t)(i * 700),
		.chain = (uint32_t)(i + 5),
	};
}

static void put_all(void)
{
	struct live_block old;

	for (uint64_t i = 0; i < N; i++) {
		struct live_block block = make_block(i);

		assert_int_equal(live_put(&live, &block, &old), 0);
	}
}

static void what_is_put_in_comes_out(void **state)
{
	struct live_block block;

	(void)state;
	put_all();
	for (uint64_t i = 0; i < N; i++) {
		struct live_block want = make_block(i);

		assert_true(live_find(&live, address_of(i), &block));
		assert_int_equal(block.stack, want.stack);
		assert_true(live_take(&live, address_of(i), &block));
		assert_int_equal(block.size, want.size);
		assert_int_equal(block.alloc_ns, want.alloc_ns);
		assert_int_equal(block.stack, want.stack);
		assert_int_equal(block.thread, want.thread);
		assert_int_equal(block.chain, want.chain);
		assert_false(live_take(&live, address_of(i), &block));
		assert_false(live_find(&live, address_of(i), &block));
	}
}

static void a_taken_address_gives_the_old_block(void **state)
{
	struct live_block first = make_block(1), second = make_block(1), old;

	(void)state;
	second.size = 99;
	assert_int_equal(live_put(&live, &first, &old), 0);
	assert_int_equal(live_put(&live, &second, &old), 1);
	assert_int_equal(old.size, first.size);
	assert_true(live_take(&live, first.address, &old));
	assert_int_equal(old.size, 99);
}

static void the_rest_comes_in_the_order_of_allocation(void **state)
{
	struct live_block block;
	uint64_t n = 0;

	(void)state;
	put_all();
	for (uint64_t i = 0; i < N; i += 2)
		assert_true(live_take(&live, address_of(i), &block));
	live_sort(&live);
	for (uint64_t i = 1; i < N; i += 2, n++) {
		assert_true(live_next(&live, &block));
		assert_int_equal(block.alloc_ns, i * 10);
	}
	assert_false(live_next(&live, &block));
	assert_int_equal(n, N / 2);
}

static void a_block_takes_less_than_64_bytes(void **state)
{
	size_t n_slots = 0;

	(void)state;
	put_all();
	for (size_t i = 0; i < LIVE_PARTS; i++)
		n_slots += live.parts[i].n_slots;
	assert_true(n_slots * 32 < N * 64);
}

static void what_does_not_fit_is_cut(void **state)
{
	struct live_block block = {
		.address = 16, .size = UINT64_MAX, .thread = UINT32_MAX};
	struct live_block old;

	(void)state;
	assert_int_equal(live_put(&live, &block, &old), 0);
	assert_true(live_take(&live, 16, &old));
	assert_int_equal(old.size, (UINT64_C(1) << 48) - 1);
	assert_int_equal(old.thread, 0);
}

#define CASE(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_is_put_in_comes_out),
		CASE(a_taken_address_gives_the_old_block),
		CASE(the_rest_comes_in_the_order_of_allocation),
		CASE(a_block_takes_less_than_64_bytes),
		CASE(what_does_not_fit_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
