/* SPDX-License-Identifier: MIT */
/*
 * What each test of cmocka allocates and leaks. To be copied: recorded_test and the two
 * functions before it. A test that has a setup of its own calls begin_test from there.
 *
 *	rheaper-cc cmocka.c -lcmocka -o tests
 *	RHEAPER_TRACE=trace.bin ./tests
 *	rheaper-load trace.bin profile.db
 *	sqlite3 -box profile.db < per-test.sql
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <rheaper.h>

static uint32_t test_scope;

/* Called with the test's name, which is its initial state. */
static int begin_test(void **state)
{
	test_scope = rheaper_begin((const char *)*state);
	return 0;
}

/* Called after a test that fails, too. */
static int end_test(void **state)
{
	(void)state;
	rheaper_end(test_scope);
	return 0;
}

#define recorded_test(test)                                                              \
	cmocka_unit_test_prestate_setup_teardown(test, begin_test, end_test, #test)

/* The tests. */
static void *volatile block;

static void allocates_nothing(void **state)
{
	(void)state;
	assert_null(block);
}

static void frees_all(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		block = malloc(100);
		assert_non_null(block);
		free(block);
	}
}

static void leaks(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		block = malloc(50);
	assert_non_null(block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		recorded_test(allocates_nothing),
		recorded_test(frees_all),
		recorded_test(leaks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
