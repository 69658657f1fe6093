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

/* One of it is lost with the block at `owner`. */
static void leak_with(uint64_t address, uint64_t owner)
{
	const struct rhp_record record = {address << 8 | RHP_LEAK, 0,
					  owner << 8 | RHP_LEAK_INDIRECT};

	assert_int_equal(scan_take_leak(&scan, &record), 0);
}

static enum rhp_leak_kind kind_of(uint64_t address)
{
	const struct scan_block *block = scan_find(&scan, address);

	return block ? (enum rhp_leak_kind)block->kind : RHP_LEAK_UNKNOWN;
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
	assert_int_equal(kind_of(0x2000), RHP_LEAK_DEFINITE);
	leak(0x1000, RHP_LEAK_DEFINITE);
	assert_int_equal(kind_of(0x1000), RHP_LEAK_REACHABLE);
	finish(0, 9);
	assert_int_equal(kind_of(0x1000), RHP_LEAK_DEFINITE);
	assert_int_equal(kind_of(0x2000), RHP_LEAK_UNKNOWN);
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
	assert_int_equal(kind_of(0x1000), RHP_LEAK_REACHABLE);
	assert_int_equal(kind_of(0x3000), RHP_LEAK_POSSIBLE);
}

static void a_block_is_lost_with_its_owner(void **state)
{
	const struct rhp_record strange = {UINT64_C(0x3000) << 8 | RHP_LEAK, 0,
					   UINT64_C(0x1000) << 8 | RHP_LEAK_POSSIBLE};
	(void)state;
	leak(0x1000, RHP_LEAK_DEFINITE);
	leak_with(0x2000, 0x1000);
	assert_int_equal(scan_take_leak(&scan, &strange), 0);
	finish(0, 9);
	assert_int_equal(kind_of(0x2000), RHP_LEAK_INDIRECT);
	assert_int_equal(scan_find(&scan, 0x1000)->owner, 0);
	assert_int_equal(scan_find(&scan, 0x2000)->owner, UINT64_C(0x1000));
	assert_int_equal(kind_of(0x3000), RHP_LEAK_POSSIBLE);
	assert_int_equal(scan_find(&scan, 0x3000)->owner, 0);
	assert_null(scan_find(&scan, 0x4000));
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
		TEST(a_block_is_lost_with_its_owner),
		TEST(failures_are_ordered_by_the_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
