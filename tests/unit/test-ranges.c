// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analysis/ranges.h"

#define N 3000

static struct ranges ranges;

static int end(void **state)
{
	(void)state;
	ranges_fini(&ranges);
	return 0;
}

/* Every number below N once, in some order. */
static uint64_t shuffled(uint64_t i)
{
	return i * 1013 % N;
}

static void put(uint64_t start, uint32_t level, uint32_t item)
{
	assert_int_equal(ranges_put(&ranges, &(struct range){.start = start,
							     .end = start + 5,
							     .level = level,
							     .item = item}),
			 0);
}

static void assert_found(const struct range *r, uint64_t start, uint32_t level)
{
	assert_non_null(r);
	assert_int_equal(r->start, start);
	assert_int_equal(r->level, level);
}

static void neighbours_are_found_whatever_the_order(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < N; i++)
		put(10 * shuffled(i) + 10, 0, (uint32_t)i);
	for (uint64_t i = 0; i < N; i += 2)
		ranges_take(&ranges, 10 * i + 10, 0);
	for (uint64_t i = 1; i < N; i += 2) {
		assert_found(ranges_up_to(&ranges, 10 * i + 10, 0), 10 * i + 10, 0);
		assert_found(ranges_from(&ranges, 10 * i, 0), 10 * i + 10, 0);
		assert_found(ranges_up_to(&ranges, 10 * i + 29, 9), 10 * i + 10, 0);
	}
	assert_null(ranges_up_to(&ranges, 19, UINT32_MAX));
	assert_null(ranges_from(&ranges, 10 * N + 1, 0));
}

static void deeper_ones_come_behind_others_of_their_start(void **state)
{
	(void)state;
	put(100, 2, 0);
	put(100, 0, 0);
	put(100, 1, 0);
	put(200, 0, 0);
	assert_found(ranges_up_to(&ranges, 150, 0), 100, 2);
	assert_found(ranges_up_to(&ranges, 100, 1), 100, 1);
	assert_found(ranges_from(&ranges, 100, 1), 100, 1);
	assert_found(ranges_from(&ranges, 100, 3), 200, 0);
	ranges_take(&ranges, 100, 1);
	ranges_take(&ranges, 100, 1);
	assert_found(ranges_up_to(&ranges, 100, 1), 100, 0);
}

static void one_of_the_same_start_and_level_takes_the_place(void **state)
{
	(void)state;
	put(100, 1, 7);
	put(100, 1, 8);
	assert_int_equal(ranges_from(&ranges, 0, 0)->item, 8);
	ranges_take(&ranges, 100, 1);
	assert_null(ranges_from(&ranges, 0, 0));
}

#define CASE(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(neighbours_are_found_whatever_the_order),
		CASE(deeper_ones_come_behind_others_of_their_start),
		CASE(one_of_the_same_start_and_level_takes_the_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
