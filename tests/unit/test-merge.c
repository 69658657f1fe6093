// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/load-fixture.h"

static struct trace_writer writer;

static int begin(void **state)
{
	(void)state;
	writer_init(&writer, 512);
	return 0;
}

static int end(void **state)
{
	(void)state;
	writer_fini(&writer);
	return 0;
}

static size_t window(uint16_t stream)
{
	return writer_region(&writer, stream, RHP_REGION_WINDOW, 0);
}

static void put(size_t region, enum rhp_code code, uint64_t address, uint64_t time)
{
	writer_event(&writer, region, (struct writer_event){code, address, time, 8, 0});
}

static void put_stamped(size_t region, enum rhp_code code, uint64_t address,
			uint64_t time, uint64_t stamp)
{
	writer_stamped(&writer, region, (struct writer_event){code, address, time, 8, 0},
		       stamp);
}

static void stamps_beat_times_when_a_block_changes_hands(void **state)
{
	size_t a = window(0), b = window(1);
	struct fixture f;

	(void)state;
	put(a, RHP_ALLOC, 0x1000, 100);
	put(b, RHP_FREE, 0x1000, 90); /* the clock of the other processor is behind */
	put(b, RHP_ALLOC, 0x1000, 91);
	put(a, RHP_FREE, 0x1000, 95);
	fixture_load(&f, &writer);
	assert_int_equal(f.n_rows, 2);
	assert_int_equal(f.rows[0].end, BLOCK_FREED);
	assert_int_equal(f.rows[1].end, BLOCK_FREED);
	assert_int_equal(pair_totals(f.pair)->foreign_free, 0);
	assert_int_equal(pair_totals(f.pair)->clock_inversions, 1);
	fixture_close(&f);
}

static void many_hand_overs_leave_nothing_unpaired(void **state)
{
	size_t regions[4];
	struct fixture f;

	(void)state;
	for (uint16_t i = 0; i < 4; i++)
		regions[i] = window(i);
	srand(1);
	for (uint64_t i = 0; i < 400; i++) {
		uint64_t address = 0x1000 + i % 3 * 16;

		put(regions[rand() % 4], RHP_ALLOC, address,
		    i * 2 + (uint64_t)rand() % 50);
		put(regions[rand() % 4], RHP_FREE, address,
		    i * 2 + (uint64_t)rand() % 50);
	}
	fixture_load(&f, &writer);
	assert_int_equal(f.n_rows, 400);
	assert_int_equal(pair_totals(f.pair)->foreign_free, 0);
	assert_int_equal(pair_totals(f.pair)->unseen_free, 0);
	assert_int_equal(merge_counts(f.merge).missing + merge_counts(f.merge).unwritten,
			 0);
	fixture_close(&f);
}

static void the_smallest_time_goes_first_between_shards(void **state)
{
	size_t a = window(0), b = window(1);
	const struct reader_event *event;
	struct fixture f;

	(void)state;
	put(a, RHP_ALLOC, 0x1000, 10);
	put(b, RHP_ALLOC, 0x5550, 5);
	put(b, RHP_ALLOC, 0x9990, 20);
	writer_save(&writer, test_path("times.bin"));
	assert_int_equal(fixture_open(&f, test_path("times.bin")), 0);
	for (uint64_t time = 5; time <= 20; time += time == 5 ? 5 : 10) {
		assert_int_equal(merge_next(f.merge, &event), 1);
		assert_int_equal(event->ticks, time);
	}
	assert_int_equal(merge_next(f.merge, &event), 0);
	fixture_close(&f);
}

static void records_that_a_signal_inverted_are_not_lost(void **state)
{
	size_t a = window(0);
	struct fixture f;

	(void)state;
	put_stamped(a, RHP_ALLOC, 0x1000, 11, 1);
	put_stamped(a, RHP_FREE, 0x1000, 10, 0);
	put_stamped(a, RHP_FREE, 0x1000, 12, 2);
	for (int i = 0; i < 3; i++)
		writer_take_stamp(&writer, 0x1000);
	fixture_load(&f, &writer);
	assert_int_equal(merge_counts(f.merge).events, 3);
	assert_int_equal(merge_counts(f.merge).late, 1);
	assert_int_equal(merge_counts(f.merge).missing, 0);
	fixture_close(&f);
}

static void lost_records_are_counted_exactly_and_stop_nothing(void **state)
{
	size_t a = window(0), b = window(1);
	struct fixture f;

	(void)state;
	put(a, RHP_ALLOC, 0x1000, 1);
	for (int i = 0; i < 5; i++)
		writer_take_stamp(&writer, 0x1000);
	put(b, RHP_FREE, 0x1000, 9);
	for (int i = 0; i < 3; i++)
		writer_take_stamp(&writer, 0x2000);
	fixture_load(&f, &writer);
	assert_int_equal(merge_counts(f.merge).events, 2);
	assert_int_equal(merge_counts(f.merge).missing, 5);
	assert_int_equal(merge_counts(f.merge).unwritten, 3);
	fixture_close(&f);
}

static void an_impossible_stamp_does_not_skip_the_possible_ones(void **state)
{
	size_t a = window(0);
	struct fixture f;

	(void)state;
	put_stamped(a, RHP_ALLOC, 0x1000, 1, UINT64_C(1) << 39);
	put(a, RHP_FREE, 0x1000, 2);
	put(a, RHP_ALLOC, 0x1000, 3);
	fixture_load(&f, &writer);
	assert_int_equal(merge_counts(f.merge).events, 3);
	assert_int_equal(merge_counts(f.merge).bad_stamps, 1);
	assert_int_equal(merge_counts(f.merge).missing, 0);
	fixture_close(&f);
}

static void a_stamp_that_comes_twice_is_damage(void **state)
{
	size_t a = window(0);
	struct fixture f;

	(void)state;
	put(a, RHP_ALLOC, 0x1000, 1);
	put(a, RHP_FREE, 0x1000, 2);
	put_stamped(a, RHP_FREE, 0x1000, 3, 0);
	put_stamped(a, RHP_FREE, 0x1000, 3, 0);
	fixture_load(&f, &writer);
	assert_int_equal(merge_counts(f.merge).events, 4);
	assert_int_equal(merge_counts(f.merge).bad_stamps, 2);
	fixture_close(&f);
}

static void a_stamp_above_the_counter_is_damage_when_the_program_has_ended(void **state)
{
	size_t a = window(0);
	struct fixture f;

	(void)state;
	put_stamped(a, RHP_ALLOC, 0x1000, 1, 0);
	put_stamped(a, RHP_FREE, 0x1000, 2, 1);
	fixture_load(&f, &writer);
	assert_int_equal(merge_counts(f.merge).bad_stamps, 2);
	fixture_close(&f);
	writer_header(&writer)->state = RHP_STATE_RUNNING;
	fixture_load(&f, &writer);
	assert_int_equal(merge_counts(f.merge).bad_stamps, 0);
	fixture_close(&f);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(stamps_beat_times_when_a_block_changes_hands),
		CASE(many_hand_overs_leave_nothing_unpaired),
		CASE(the_smallest_time_goes_first_between_shards),
		CASE(records_that_a_signal_inverted_are_not_lost),
		CASE(lost_records_are_counted_exactly_and_stop_nothing),
		CASE(a_stamp_that_comes_twice_is_damage),
		CASE(a_stamp_above_the_counter_is_damage_when_the_program_has_ended),
		CASE(an_impossible_stamp_does_not_skip_the_possible_ones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
