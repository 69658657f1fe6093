// SPDX-License-Identifier: MIT
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/scan.h"
#include "contract/format.h"
#include "trace/reader.h"

static struct scan scan;

static int begin(void **state)
{
	(void)state;
	memset(&scan, 0, sizeof(scan));
	return 0;
}

static int end(void **state)
{
	(void)state;
	scan_fini(&scan);
	return 0;
}

static void leak(uint64_t address, enum rhp_leak_kind kind)
{
	const struct rhp_record record = {address << 8 | RHP_LEAK, 0, kind};

	assert_int_equal(scan_take_leak(&scan, &record), 0);
}

static void finish(int error, uint64_t ticks)
{
	const struct reader_blob blob = {.b = (uint64_t)error << 32, .c = ticks};

	scan_take_end(&scan, &blob);
}

static void the_last_whole_scan_counts(void **state)
{
	(void)state;
	leak(0x1000, RHP_LEAK_REACHABLE);
	leak(0x2000, RHP_LEAK_DEFINITE);
	finish(0, 5);
	assert_int_equal(scan_kind(&scan, 0x2000), RHP_LEAK_DEFINITE);
	leak(0x1000, RHP_LEAK_DEFINITE);
	assert_int_equal(scan_kind(&scan, 0x1000), RHP_LEAK_REACHABLE);
	finish(0, 9);
	assert_int_equal(scan_kind(&scan, 0x1000), RHP_LEAK_DEFINITE);
	assert_int_equal(scan_kind(&scan, 0x2000), RHP_LEAK_UNKNOWN);
	assert_int_equal(scan.ticks, 9);
}

static void an_unfinished_scan_leaves_nothing(void **state)
{
	(void)state;
	leak(0x1000, RHP_LEAK_DEFINITE);
	leak(0x2000, RHP_LEAK_DEFINITE); /* and its child was killed */
	leak(0x1000, RHP_LEAK_REACHABLE);
	leak(0x3000, RHP_LEAK_POSSIBLE);
	finish(0, 9);
	assert_int_equal(scan.whole.n_blocks, 2);
	assert_int_equal(scan_kind(&scan, 0x1000), RHP_LEAK_REACHABLE);
	assert_int_equal(scan_kind(&scan, 0x3000), RHP_LEAK_POSSIBLE);
}

/* What failed is in the stream of a thread, what was found in one of its own. */
static void failures_are_ordered_by_the_clock(void **state)
{
	(void)state;
	finish(0, 9);
	finish(EIO, 5);
	assert_int_equal(scan_failure(&scan), 0);
	finish(EBUSY, 11);
	assert_int_equal(scan_failure(&scan), EBUSY);
	assert_int_equal(scan.ticks, 9);
	finish(0, 10);
	assert_int_equal(scan.ticks, 10);
	assert_int_equal(scan_failure(&scan), EBUSY);
	finish(0, 12);
	assert_int_equal(scan_failure(&scan), 0);
	assert_int_equal(scan.ticks, 12);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(the_last_whole_scan_counts),
		TEST(an_unfinished_scan_leaves_nothing),
		TEST(failures_are_ordered_by_the_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
