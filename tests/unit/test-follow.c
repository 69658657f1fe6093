// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "analysis/tally.h"
#include "tests/unit/load-fixture.h"

#define N_RECORDS 16

static struct trace_writer writer;
static struct fixture f;

static const char *trace_path(void)
{
	static const char *path;

	if (!path)
		path = test_path("follow.bin");
	return path;
}

static int begin(void **state)
{
	(void)state;
	writer_init(&writer, N_RECORDS);
	writer_header(&writer)->state = RHP_STATE_RUNNING;
	return 0;
}

static int end(void **state)
{
	(void)state;
	fixture_close(&f);
	writer_fini(&writer);
	return 0;
}

/* Blocks and bytes are told apart by 16 bytes for each block. */
static void put(size_t region, enum rhp_code code, uint64_t address)
{
	writer_event(&writer, region, (struct writer_event){code, address, 10, 16, 0});
}

static void take_all(void)
{
	int result;

	do
		result = pair_follow(f.pair, 2);
	while (result == 1);
	assert_int_equal(result, 0);
}

static void open_following(void)
{
	struct reader_sink sink;

	memset(&f, 0, sizeof(f));
	writer_save(&writer, trace_path());
	assert_int_equal(catalog_init(&f.catalog, &sink), 0);
	assert_int_equal(reader_follow(&f.reader, trace_path(), &sink), 0);
	assert_int_equal(merge_new(&f.merge, f.reader), 0);
	assert_int_equal(reader_refresh(f.reader, false), 0);
	assert_int_equal(merge_go_on(f.merge, false), 0);
	assert_int_equal(pair_new(&f.pair, f.merge, f.reader, &f.catalog), 0);
	take_all();
}

static void read_on(bool settled)
{
	writer_save(&writer, trace_path());
	assert_int_equal(reader_refresh(f.reader, settled), 0);
	assert_int_equal(merge_go_on(f.merge, settled), 0);
	take_all();
}

static uint64_t n_events(void)
{
	return merge_counts(f.merge).events;
}

static int n_live(void)
{
	assert_int_equal((int)pair_tally(f.pair)->live_bytes,
			 16 * (int)pair_tally(f.pair)->live_blocks);
	return (int)pair_tally(f.pair)->live_blocks;
}

static void each_event_is_read_once_when_it_is_there(void **state)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);

	(void)state;
	open_following();
	assert_int_equal(n_events(), 0);
	put(r, RHP_ALLOC, 0x100);
	put(r, RHP_ALLOC, 0x200);
	read_on(false);
	assert_int_equal(n_events(), 2);
	assert_int_equal(n_live(), 2);
	read_on(false);
	assert_int_equal(n_events(), 2);
	put(r, RHP_FREE, 0x100);
	read_on(false);
	assert_int_equal(n_events(), 3);
	assert_int_equal(n_live(), 1);
}

static void a_window_goes_on_in_its_chunk_and_then_anew(void **state)
{
	size_t r = writer_region(&writer, 7, RHP_REGION_WINDOW, 0);

	(void)state;
	put(r, RHP_ALLOC, 0x100);
	open_following();
	put(r, RHP_ALLOC, 0x200);
	writer_copy_window(&writer, r);
	read_on(false); /* copied, not cleared */
	assert_int_equal(n_events(), 2);
	writer_clear_window(&writer, r);
	read_on(false);
	assert_int_equal(n_events(), 2);
	put(r, RHP_FREE, 0x200);
	read_on(false);
	writer_copy_window(&writer, r);
	writer_clear_window(&writer, r);
	put(r, RHP_FREE, 0x100);
	writer_copy_window(&writer, r);
	writer_clear_window(&writer, r);
	put(r, RHP_ALLOC, 0x300);
	read_on(false);
	assert_int_equal(n_events(), 5);
	assert_int_equal(n_live(), 1);
	assert_int_equal(pair_totals(f.pair)->foreign_free, 0);
	assert_int_equal(reader_counts(f.reader)->missing_buffers, 0);
}

static void streams_and_regions_may_come_late(void **state)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0), late, last;

	(void)state;
	put(r, RHP_ALLOC, 0x100);
	late = writer_region(&writer, 3, RHP_REGION_WINDOW, 0);
	writer_region_header(&writer, late)->magic = 0;
	put(late, RHP_ALLOC, 0x200);
	open_following();
	assert_int_equal(n_events(), 1);
	last = writer_region(&writer, 1, RHP_REGION_WINDOW, 0);
	put(last, RHP_ALLOC, 0x300);
	read_on(false);
	assert_int_equal(n_events(), 2);
	writer_region_header(&writer, late)->magic = RHP_REGION_MAGIC;
	read_on(false);
	assert_int_equal(n_events(), 3);
	assert_int_equal(reader_counts(f.reader)->damaged_regions, 0);
}

/* The header of a chunk is written from its start to its end. */
static void half_a_chunk_header_is_none(void **state)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	struct rhp_region *chunk;

	(void)state;
	put(r, RHP_ALLOC, 0x100);
	put(r, RHP_ALLOC, 0x200);
	writer_copy_window(&writer, r);
	chunk = writer_region_header(&writer, 1);
	chunk->end = 0;
	chunk->sequence = 5;
	open_following();
	assert_int_equal(n_events(), 2);
	chunk->end = RHP_REGION_MAGIC;
	chunk->sequence = 0;
	writer_clear_window(&writer, r);
	put(r, RHP_FREE, 0x100);
	read_on(false);
	assert_int_equal(n_events(), 3);
	assert_int_equal(n_live(), 1);
	assert_int_equal(reader_counts(f.reader)->missing_buffers, 0);
}

static void an_unwritten_record_is_waited_for(void **state)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	size_t hole;

	(void)state;
	put(r, RHP_ALLOC, 0x100);
	hole = writer.cursor[r];
	put(r, RHP_ALLOC, 0x200);
	put(r, RHP_ALLOC, 0x300);
	writer.bytes[hole] = 0; /* its code */
	open_following();
	assert_int_equal(n_events(), 1);
	assert_true(reader_is_held(f.reader));
	read_on(false);
	assert_int_equal(n_events(), 1);
	writer.bytes[hole] = RHP_ALLOC;
	read_on(false);
	assert_int_equal(n_events(), 3);
	assert_false(reader_is_held(f.reader));
	assert_int_equal(reader_counts(f.reader)->torn_records, 0);
}

static void an_unwritten_record_is_passed_over_in_the_end(void **state)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);

	(void)state;
	put(r, RHP_ALLOC, 0x100);
	writer_skip(&writer, r);
	put(r, RHP_ALLOC, 0x300);
	open_following();
	assert_int_equal(n_events(), 1);
	read_on(true);
	assert_int_equal(n_events(), 2);
	assert_int_equal(reader_counts(f.reader)->torn_records, 1);
	put(r, RHP_FREE, 0x300); /* after all */
	read_on(true);
	assert_int_equal(n_live(), 1);
}

static void a_gap_between_chunks_is_waited_for(void **state)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	struct rhp_region *chunk;

	(void)state;
	put(r, RHP_ALLOC, 0x100);
	writer_copy_window(&writer, r);
	writer_clear_window(&writer, r);
	put(r, RHP_FREE, 0x100);
	writer_copy_window(&writer, r);
	writer_clear_window(&writer, r);
	chunk = writer_region_header(&writer, 1);
	chunk->magic = 0; /* the first one is not written yet */
	open_following();
	assert_int_equal(n_events(), 0);
	assert_true(reader_is_held(f.reader));
	chunk = writer_region_header(&writer, 1);
	chunk->magic = RHP_REGION_MAGIC;
	read_on(false);
	assert_int_equal(n_events(), 2);
	assert_int_equal(n_live(), 0);
	assert_int_equal(pair_totals(f.pair)->foreign_free, 0);
}

static void a_buffer_that_never_comes_is_missing_in_the_end(void **state)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);

	(void)state;
	put(r, RHP_ALLOC, 0x100);
	open_following();
	writer_clear_window(&writer, r); /* and no copy */
	put(r, RHP_ALLOC, 0x200);
	read_on(false);
	assert_int_equal(n_events(), 1);
	read_on(true);
	assert_int_equal(n_events(), 2);
	assert_int_equal(reader_counts(f.reader)->missing_buffers, 1);
}

static void a_free_that_is_seen_first_waits_for_its_allocation(void **state)
{
	size_t a = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	size_t b = writer_region(&writer, 1, RHP_REGION_WINDOW, 0);
	uint64_t stamp = writer_take_stamp(&writer, 0x100);

	(void)state;
	put(b, RHP_FREE, 0x100);
	put(b, RHP_ALLOC, 0x200);
	open_following();
	assert_int_equal(n_events(), 0);
	writer_stamped(&writer, a, (struct writer_event){RHP_ALLOC, 0x100, 9, 16, 0},
		       stamp);
	read_on(false);
	assert_int_equal(n_events(), 3);
	assert_int_equal(n_live(), 1);
	assert_int_equal(pair_totals(f.pair)->foreign_free, 0);
	assert_int_equal(merge_lost(f.merge), 0);
}

/* A call that has its stamp and not returned keeps nobody waiting. */
static void stamps_that_are_given_up_may_come_after_all(void **state)
{
	size_t a = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	size_t b = writer_region(&writer, 1, RHP_REGION_WINDOW, 0);
	uint64_t other = 0x100, stamp = writer_take_stamp(&writer, 0x100);

	(void)state;
	do
		other += 16;
	while (rhp_shard(other) != rhp_shard(0x100));
	open_following();
	put(b, RHP_ALLOC, other);
	read_on(false);
	assert_int_equal(n_events(), 0);
	assert_false(merge_give_up(f.merge));
	read_on(false);
	assert_int_equal(n_events(), 0);
	assert_true(merge_give_up(f.merge));
	take_all();
	assert_int_equal(n_live(), 1);
	assert_int_equal(merge_lost(f.merge), 1);
	assert_false(merge_give_up(f.merge));
	writer_stamped(&writer, a, (struct writer_event){RHP_ALLOC, 0x100, 9, 16, 0},
		       stamp);
	put(a, RHP_FREE, 0x100);
	read_on(false);
	assert_int_equal(n_live(), 1);
	assert_int_equal(merge_lost(f.merge), 0);
	assert_int_equal(pair_totals(f.pair)->foreign_free, 0);
}

static void threads_count_what_they_allocated(void **state)
{
	size_t r[] = {writer_region(&writer, 0, RHP_REGION_WINDOW, 0),
		      writer_region(&writer, 1, RHP_REGION_WINDOW, 0)};

	(void)state;
	writer_blob(&writer, r[0], RHP_BLOB_THREAD, 1, 100, "one", 3);
	writer_blob(&writer, r[1], RHP_BLOB_THREAD, 2, 200, "two", 3);
	put(r[0], RHP_ALLOC, 0x100);
	put(r[0], RHP_ALLOC, 0x200);
	put(r[1], RHP_FREE, 0x200);
	open_following();
	assert_int_equal(f.catalog.n_threads, 2);
	assert_int_equal((int)f.catalog.threads[0].allocations, 2);
	assert_int_equal((int)f.catalog.threads[0].live_blocks, 1);
	assert_int_equal((int)f.catalog.threads[0].live_bytes, 16);
	assert_int_equal((int)f.catalog.threads[1].allocations, 0);
	assert_int_equal((int)f.catalog.threads[1].live_bytes, 0);
}

static void a_trace_that_shrinks_is_given_up(void **state)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);

	(void)state;
	put(r, RHP_ALLOC, 0x100);
	open_following();
	assert_int_equal(truncate(trace_path(), RHP_HEADER_SIZE), 0);
	assert_int_equal(reader_refresh(f.reader, false), READER_SHRANK);
}

static void another_header_is_another_trace(void **state)
{
	(void)state;
	writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	open_following();
	writer_header(&writer)->start_ticks++;
	writer_save(&writer, trace_path());
	assert_int_equal(reader_refresh(f.reader, false), READER_BAD_HEADER);
}

/* What is there, however it ends: the trace is damaged. */
static void take_whatever(bool settled)
{
	struct fixture g = {0};
	struct reader_sink sink;
	int result;

	assert_int_equal(catalog_init(&g.catalog, &sink), 0);
	result = reader_follow(&g.reader, trace_path(), &sink);
	if (!result)
		result = merge_new(&g.merge, g.reader);
	if (!result)
		result = pair_new(&g.pair, g.merge, g.reader, &g.catalog);
	for (int i = 0; i < 3 && !result; i++) {
		result = reader_refresh(g.reader, settled);
		if (!result)
			result = merge_go_on(g.merge, settled);
		while (!result && (result = pair_follow(g.pair, 64)) == 1)
			result = 0;
		if (!result && merge_give_up(g.merge))
			pair_follow(g.pair, 64);
	}
	fixture_close(&g);
}

static void a_flipped_byte_anywhere_does_no_harm(void **state)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0), from;

	(void)state;
	writer_blob(&writer, r, RHP_BLOB_THREAD, 1, 100, "one", 3);
	put(r, RHP_ALLOC, 0x100);
	writer_copy_window(&writer, r);
	writer_clear_window(&writer, r);
	put(r, RHP_REALLOC_BEGIN, 0x100);
	put(r, RHP_REALLOC_END, 0x200);
	writer_skip(&writer, r);
	put(r, RHP_FREE, 0x200);
	open_following();
	from = writer_header(&writer)->first_region;
	for (size_t at = 0; at < writer.size; at += at == 511 ? from - 511 : 1) {
		writer.bytes[at] ^= (char)0xff;
		writer_save(&writer, trace_path());
		take_whatever(at % 2);
		writer.bytes[at] ^= (char)0xff;
	}
}

static uint32_t dice(uint32_t n)
{
	static uint32_t seed = 1;

	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

#define N_STREAMS 3

/* One thread after the other does something; what it does may be written later, after
 * that of others, but never after what depends on it. */
struct deferred {
	bool is;
	uint64_t address, stamp;
};

static void write_deferred(size_t region, struct deferred *d)
{
	if (d->is)
		writer_stamped(&writer, region,
			       (struct writer_event){RHP_ALLOC, d->address, 10, 16, 0},
			       d->stamp);
	d->is = false;
}

static void do_something(const size_t *windows, struct deferred *deferred, bool *live)
{
	uint16_t stream = (uint16_t)dice(N_STREAMS);
	uint64_t block = 1 + dice(20), address = block * 0x110;
	size_t window = windows[stream];

	write_deferred(window, &deferred[stream]);
	for (size_t i = 0; i < N_STREAMS; i++) {
		if (deferred[i].is && deferred[i].address == address)
			return; /* it has not returned: nobody knows the block */
	}
	if (writer_room(&writer, window) < 4 * sizeof(struct rhp_record)) {
		if (writer.n_regions == WRITER_MAX_REGIONS)
			return;
		writer_copy_window(&writer, window);
		writer_clear_window(&writer, window);
	}
	if (live[block])
		put(window, RHP_FREE, address);
	else
		deferred[stream] = (struct deferred){true, address,
						     writer_take_stamp(&writer, address)};
	live[block] = !live[block];
}

/* However a trace is cut into pieces, the result is that of the whole. */
static void pieces_add_up_to_the_whole(void **state)
{
	struct deferred deferred[N_STREAMS] = {0};
	size_t windows[N_STREAMS];
	struct fixture whole;
	bool live[32] = {0};

	(void)state;
	for (uint16_t i = 0; i < N_STREAMS; i++)
		windows[i] = writer_region(&writer, i, RHP_REGION_WINDOW, 0);
	open_following();
	for (int i = 0; i < 2000; i++) {
		do_something(windows, deferred, live);
		if (dice(4) == 0)
			read_on(false);
		if (dice(4) == 0 && merge_give_up(f.merge))
			take_all();
	}
	for (size_t i = 0; i < N_STREAMS; i++)
		write_deferred(windows[i], &deferred[i]);
	read_on(false);
	memset(&whole, 0, sizeof(whole));
	fixture_load(&whole, &writer);
	assert_true(merge_counts(whole.merge).events > 600);
	assert_int_equal(n_events(), merge_counts(whole.merge).events);
	assert_int_equal(n_live(), (int)pair_tally(whole.pair)->live_blocks);
	assert_int_equal(pair_totals(f.pair)->foreign_free, 0);
	assert_int_equal(pair_totals(f.pair)->unseen_free, 0);
	assert_int_equal(merge_lost(f.merge), 0);
	fixture_close(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(each_event_is_read_once_when_it_is_there),
		TEST(a_window_goes_on_in_its_chunk_and_then_anew),
		TEST(streams_and_regions_may_come_late),
		TEST(half_a_chunk_header_is_none),
		TEST(an_unwritten_record_is_waited_for),
		TEST(an_unwritten_record_is_passed_over_in_the_end),
		TEST(a_gap_between_chunks_is_waited_for),
		TEST(a_buffer_that_never_comes_is_missing_in_the_end),
		TEST(a_free_that_is_seen_first_waits_for_its_allocation),
		TEST(stamps_that_are_given_up_may_come_after_all),
		TEST(threads_count_what_they_allocated),
		TEST(a_trace_that_shrinks_is_given_up),
		TEST(another_header_is_another_trace),
		TEST(a_flipped_byte_anywhere_does_no_harm),
		TEST(pieces_add_up_to_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
