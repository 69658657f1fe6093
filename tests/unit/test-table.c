/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/table.h"

static int add(struct rhp_table *t, uint64_t a, uint64_t b, uint64_t value,
	       uint64_t oldest)
{
	const uint64_t key[2] = {a, b}, values[2] = {value, ~value};
	return rhp_table_add(t, key, values, oldest);
}

static bool has(const struct rhp_table *t, uint64_t a, uint64_t b, uint64_t value)
{
	const uint64_t key[2] = {a, b};
	uint64_t found[2];
	return rhp_table_find(t, key, found) && found[0] == value && found[1] == ~value;
}

static void an_empty_table_has_nothing(void **state)
{
	(void)state;
	struct rhp_table t = {0};
	assert_false(has(&t, 1, 1, 0));
}

static void both_words_of_a_key_count(void **state)
{
	(void)state;
	struct rhp_table t = {0};
	assert_int_equal(add(&t, 1, 2, 10, 0), 0);
	assert_true(has(&t, 1, 2, 10));
	assert_false(has(&t, 1, 3, 10));
	assert_false(has(&t, 2, 2, 10));
}

static void growth_keeps_everything(void **state)
{
	(void)state;
	struct rhp_table t = {0};
	for (uint64_t i = 1; i <= 100000; i++)
		assert_int_equal(add(&t, i, i % 7, i * 3, 0), 0);
	for (uint64_t i = 1; i <= 100000; i++)
		assert_true(has(&t, i, i % 7, i * 3));
	assert_false(has(&t, 100001, 100001 % 7, 0));
}

/* In bytes. */
static long resident(void)
{
	long pages = 0;
	FILE *statm = fopen("/proc/self/statm", "r");
	assert_non_null(statm);
	assert_int_equal(fscanf(statm, "%*d %ld", &pages), 1);
	fclose(statm);
	return pages * sysconf(_SC_PAGESIZE);
}

static void growth_gives_memory_back(void **state)
{
	(void)state;
	struct rhp_table t = {0};
	long before = resident(), entries = 390000; /* in 2^19 slots */
	for (long i = 1; i <= entries; i++)
		assert_int_equal(add(&t, (uint64_t)i, 1, 1, 0), 0);
	long slots = (1 << 19) * (long)sizeof(struct rhp_table_entry);
	assert_true(resident() - before < slots + slots / 4);
}

static void growth_drops_what_is_older_than_asked(void **state)
{
	(void)state;
	struct rhp_table t = {0};
	assert_int_equal(add(&t, 1, 1, 1, 1), 0);
	for (uint64_t i = 2; i < 5000; i++)
		assert_int_equal(add(&t, i, 2, i, 2), 0);
	assert_false(has(&t, 1, 1, 1));
	assert_true(has(&t, 2, 2, 2));
}

static struct rhp_table shared;
static int done;

static void *read_all_the_time(void *arg)
{
	(void)arg;
	while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) {
		const uint64_t key[2] = {500, 1};
		uint64_t value[2];
		if (rhp_table_find(&shared, key, value) &&
		    (value[0] != 500 || value[1] != ~UINT64_C(500)))
			return &shared;
	}
	return NULL;
}

static void a_reader_sees_an_entry_whole_or_not_at_all(void **state)
{
	(void)state;
	pthread_t reader;
	void *wrong;
	assert_int_equal(pthread_create(&reader, NULL, read_all_the_time, NULL), 0);
	for (uint64_t i = 1; i <= 200000; i++)
		assert_int_equal(add(&shared, i, 1, i, 0), 0);
	__atomic_store_n(&done, 1, __ATOMIC_RELEASE);
	assert_int_equal(pthread_join(reader, &wrong), 0);
	assert_null(wrong);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_table_has_nothing),
		cmocka_unit_test(both_words_of_a_key_count),
		cmocka_unit_test(growth_keeps_everything),
		cmocka_unit_test(growth_gives_memory_back),
		cmocka_unit_test(growth_drops_what_is_older_than_asked),
		cmocka_unit_test(a_reader_sees_an_entry_whole_or_not_at_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
