/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/seen.h"

/* Hashes as they come: no two are alike, and their low bits are not in order. */
static uint64_t hash_of(uint32_t i)
{
	return (i + 1) * UINT64_C(0xd6e8feb86659fd93);
}

static bool has(uint64_t hash, uint32_t epoch, uint32_t node, uint32_t verdict)
{
	struct rhp_seen seen;

	return rhp_seen_find(hash, epoch, &seen) && seen.node == node &&
	       seen.verdict == verdict;
}

static int forget(void **state)
{
	(void)state;
	rhp_seen_forget();
	return 0;
}

static void nothing_was_learned(void **state)
{
	struct rhp_seen seen;

	(void)state;
	assert_false(rhp_seen_find(hash_of(1), 1, &seen));
}

static void growth_keeps_everything(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= 100000; i++)
		rhp_seen_add(hash_of(i), 7, (struct rhp_seen){i, 1 + i % 2});
	for (uint32_t i = 1; i <= 100000; i++)
		assert_true(has(hash_of(i), 7, i, 1 + i % 2));
	assert_false(has(hash_of(100001), 7, 100001, 1));
}

static void the_largest_node_fits(void **state)
{
	(void)state;
	rhp_seen_add(hash_of(1), UINT32_MAX, (struct rhp_seen){(1u << 28) - 1, 2});
	assert_true(has(hash_of(1), UINT32_MAX, (1u << 28) - 1, 2));
}

static void what_was_learned_first_stays(void **state)
{
	(void)state;
	rhp_seen_add(hash_of(1), 1, (struct rhp_seen){5, 1});
	rhp_seen_add(hash_of(1), 1, (struct rhp_seen){6, 2});
	assert_true(has(hash_of(1), 1, 5, 1));
}

static void each_epoch_has_its_own(void **state)
{
	(void)state;
	rhp_seen_add(hash_of(1), 1, (struct rhp_seen){5, 1});
	assert_false(has(hash_of(1), 2, 5, 1));
	rhp_seen_add(hash_of(1), 2, (struct rhp_seen){6, 1});
	assert_true(has(hash_of(1), 1, 5, 1));
	assert_true(has(hash_of(1), 2, 6, 1));
	/* Until it grows */
	for (uint32_t i = 2; has(hash_of(1), 1, 5, 1); i++) {
		assert_true(i < 1000000);
		rhp_seen_add(hash_of(i), 2, (struct rhp_seen){i, 1});
	}
	assert_true(has(hash_of(1), 2, 6, 1));
}

static int done;

static void *read_all_the_time(void *arg)
{
	struct rhp_seen seen;

	(void)arg;
	while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) {
		if (rhp_seen_find(hash_of(500), 1, &seen) &&
		    (seen.node != 500 || seen.verdict != 1))
			return &done;
	}
	return NULL;
}

static void a_reader_sees_an_entry_whole_or_not_at_all(void **state)
{
	pthread_t reader;
	void *wrong;

	(void)state;
	assert_int_equal(pthread_create(&reader, NULL, read_all_the_time, NULL), 0);
	for (uint32_t i = 1; i <= 200000; i++)
		rhp_seen_add(hash_of(i), 1, (struct rhp_seen){i, 1});
	__atomic_store_n(&done, 1, __ATOMIC_RELEASE);
	assert_int_equal(pthread_join(reader, &wrong), 0);
	assert_null(wrong);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_was_learned, forget),
		cmocka_unit_test_setup(growth_keeps_everything, forget),
		cmocka_unit_test_setup(the_largest_node_fits, forget),
		cmocka_unit_test_setup(what_was_learned_first_stays, forget),
		cmocka_unit_test_setup(each_epoch_has_its_own, forget),
		cmocka_unit_test_setup(a_reader_sees_an_entry_whole_or_not_at_all,
				       forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
