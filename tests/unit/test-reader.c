// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/packed.h"
#include "tests/unit/load-fixture.h"

static struct trace_writer writer;

static const char *trace_path(void)
{
	static const char *path;

	if (!path)
		path = test_path("trace.bin");
	return path;
}

static int begin(void **state)
{
	(void)state;
	writer_init(&writer, 32);
	return 0;
}

/* The same for a trace whose records are not packed. */
static int begin_earlier(void **state)
{
	(void)state;
	writer_init_version(&writer, 32, RHP_TRACE_VERSION_FIRST);
	return 0;
}

static int end(void **state)
{
	(void)state;
	writer_fini(&writer);
	return 0;
}

static int try_open(size_t size)
{
	struct fixture f;
	int result;

	writer_save_part(&writer, trace_path(), size);
	result = fixture_open(&f, trace_path());
	fixture_close(&f);
	return result;
}

static void each_bad_header_has_its_own_problem(void **state)
{
	struct rhp_file_header *h = writer_header(&writer);
	const struct rhp_file_header right = *h;

	(void)state;
	assert_int_equal(try_open(writer.size), 0);
	assert_int_equal(try_open(0), READER_EMPTY);
	assert_int_equal(try_open(5), READER_CUT_SHORT);
	assert_int_equal(try_open(RHP_HEADER_SIZE + 64), READER_CUT_SHORT);
	h->byte_order = __builtin_bswap32(h->byte_order);
	assert_int_equal(try_open(writer.size), READER_BYTE_ORDER);
	h->byte_order = RHP_BYTE_ORDER_MARK;
	h->version = RHP_TRACE_VERSION + 1;
	assert_int_equal(try_open(writer.size), READER_NEW_VERSION);
	h->version = RHP_TRACE_VERSION_FIRST - 1;
	assert_int_equal(try_open(writer.size), READER_OLD_VERSION);
	h->version = right.version;
	h->record_size = 32;
	assert_int_equal(try_open(writer.size), READER_RECORD_SIZE);
	h->record_size = right.record_size;
	h->head_offset++;
	assert_int_equal(try_open(writer.size), READER_BAD_HEADER);
	h->head_offset = h->region_size - 56;
	assert_int_equal(try_open(writer.size), READER_BAD_HEADER);
	h->head_offset = right.head_offset;
	h->region_size = 1;
	assert_int_equal(try_open(writer.size), READER_BAD_HEADER);
	h->magic[0] = 'R';
	assert_int_equal(try_open(writer.size), READER_NOT_A_TRACE);
}

static void a_directory_and_no_file_are_errors(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(fixture_open(&f, "/"), -EISDIR);
	fixture_close(&f);
	assert_int_equal(fixture_open(&f, "/nonexistent/trace"), -ENOENT);
	fixture_close(&f);
	assert_int_equal(fixture_open(&f, "/dev/null"), READER_NOT_A_TRACE);
	fixture_close(&f);
}

/* The i-th event of the only stream. */
static struct reader_event event_of(struct fixture *f, size_t i)
{
	struct reader_event event = {0};

	for (size_t k = 0; k <= i; k++)
		assert_int_equal(reader_next(f->reader, 0, &event), 1);
	return event;
}

/* Without a merge, which would read ahead. */
static void open_reader(struct fixture *f)
{
	struct reader_sink sink;

	memset(f, 0, sizeof(*f));
	writer_save(&writer, trace_path());
	assert_int_equal(catalog_init(&f->catalog, &sink), 0);
	assert_int_equal(reader_open(&f->reader, trace_path(), &sink), 0);
}

static void time_goes_on_across_its_24_bits_and_back_a_little(void **state)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	const uint64_t base = UINT64_C(0x123fffff0);
	struct fixture f;

	(void)state;
	writer_region_header(&writer, r)->base_ticks = base;
	writer_event(&writer, r, (struct writer_event){RHP_ALLOC, 16, base + 0x20, 1, 0});
	writer_event(&writer, r, (struct writer_event){RHP_ALLOC, 32, base + 0x10, 1, 0});
	writer_put(&writer, r, RHP_TIME, 0, base + 0x9000000);
	writer_event(&writer, r,
		     (struct writer_event){RHP_ALLOC, 48, base + 0x9000001, 1, 0});
	open_reader(&f);
	assert_int_equal(event_of(&f, 0).ticks, base + 0x20);
	assert_int_equal(event_of(&f, 0).ticks, base + 0x10);
	assert_int_equal(event_of(&f, 0).ticks, base + 0x9000001);
	fixture_close(&f);
}

static void a_size_over_36_bits_comes_from_the_record_before(void **state)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	struct fixture f;

	(void)state;
	writer_event(&writer, r,
		     (struct writer_event){RHP_ALLOC, 16, 1, UINT64_C(1) << 40, 0});
	writer_event(&writer, r, (struct writer_event){RHP_ALLOC, 32, 2, 7, 0});
	open_reader(&f);
	assert_true(event_of(&f, 0).size == UINT64_C(1) << 40);
	assert_true(event_of(&f, 0).size == 7);
	fixture_close(&f);
}

static void a_block_larger_than_all_addresses_is_damage(void **state)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	struct fixture f;

	(void)state;
	writer_event(&writer, r, (struct writer_event){RHP_ALLOC, 16, 1, UINT64_MAX, 0});
	writer_event(&writer, r, (struct writer_event){RHP_FREE, 16, 2, UINT64_MAX, 0});
	writer_event(&writer, r,
		     (struct writer_event){RHP_REALLOC_FAIL, 16, 3, UINT64_MAX, 0});
	writer_event(&writer, r,
		     (struct writer_event){RHP_REALLOC_END, 32, 4, UINT64_MAX, 0});
	open_reader(&f);
	assert_true(event_of(&f, 0).size == RHP_SIZE_MAX);
	assert_int_equal(reader_counts(f.reader)->damaged_records, 1);
	assert_true(event_of(&f, 0).size == UINT64_MAX); /* what a free was told */
	assert_true(event_of(&f, 0).size == UINT64_MAX); /* what was not to be had */
	assert_int_equal(reader_counts(f.reader)->damaged_records, 1);
	assert_true(event_of(&f, 0).size == RHP_SIZE_MAX);
	assert_int_equal(reader_counts(f.reader)->damaged_records, 2);
	fixture_close(&f);
}

static int take_leak(void *context, const struct rhp_record *record)
{
	struct rhp_record *taken = context;

	*taken = *record;
	return 0;
}

static int refuse_leak(void *context, const struct rhp_record *record)
{
	(void)context, (void)record;
	return -ENOMEM;
}

/* Which asks for nothing but leaks, or not even that. */
static int read_leaks(int (*take)(void *, const struct rhp_record *),
		      struct rhp_record *taken)
{
	const struct reader_sink sink = {.context = taken, .leak = take};
	struct reader_event event;
	struct reader *reader = NULL;

	assert_int_equal(reader_open(&reader, trace_path(), &sink), 0);
	int result = reader_next(reader, 0, &event);
	reader_close(reader);
	return result;
}

static void what_a_scan_says_comes_as_it_is(void **state)
{
	size_t r = writer_region(&writer, RHP_SCAN_STREAM, RHP_REGION_CHUNK, 0);
	struct rhp_record taken = {0};

	(void)state;
	writer_put(&writer, r, 0x1230 << 8 | RHP_LEAK, 42, RHP_LEAK_POSSIBLE);
	writer_save(&writer, trace_path());
	assert_int_equal(read_leaks(take_leak, &taken), 0);
	assert_true(taken.a == (0x1230 << 8 | RHP_LEAK) && taken.b == 42 &&
		    taken.c == RHP_LEAK_POSSIBLE);
	assert_int_equal(read_leaks(NULL, NULL), 0);
	assert_int_equal(read_leaks(refuse_leak, NULL), -ENOMEM);
}

static void each_problem_has_words_of_its_own(void **state)
{
	(void)state;
	for (int a = READER_EMPTY; a <= READER_SHRANK; a++) {
		assert_string_not_equal(reader_explain(a), reader_explain(0));
		for (int b = READER_EMPTY; b < a; b++)
			assert_string_not_equal(reader_explain(a), reader_explain(b));
	}
}

static void an_unwritten_record_in_the_middle_is_skipped_and_counted(void **state)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	struct fixture f;

	(void)state;
	writer_event(&writer, r, (struct writer_event){RHP_ALLOC, 16, 1, 1, 0});
	writer_skip(&writer, r);
	writer_event(&writer, r, (struct writer_event){RHP_ALLOC, 32, 2, 1, 0});
	open_reader(&f);
	assert_int_equal(event_of(&f, 1).address, 32);
	assert_int_equal(reader_counts(f.reader)->torn_records, 1);
	fixture_close(&f);
}

/* It says what the next event is, and no other; not across one that is not there. */
static void a_family_is_of_the_event_behind_it(void **state)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	struct fixture f;

	(void)state;
	writer_event_of(&writer, r, (struct writer_event){RHP_ALLOC, 16, 1, 1, 0},
			77 | RHP_FAMILY_COLLECTED << RHP_FAMILY_BITS, 0x5000);
	writer_event(&writer, r, (struct writer_event){RHP_ALLOC, 32, 2, 1, 0});
	writer_put(&writer, r, RHP_FAMILY, 78, 0);
	writer_skip(&writer, r);
	writer_event(&writer, r, (struct writer_event){RHP_ALLOC, 48, 3, 1, 0});
	open_reader(&f);
	struct reader_event first = event_of(&f, 0), second = event_of(&f, 0);

	assert_int_equal(first.family, 77);
	assert_int_equal(first.family_flags, RHP_FAMILY_COLLECTED);
	assert_int_equal(first.pool, 0x5000);
	assert_int_equal(second.family, RHP_FAMILY_NONE);
	assert_int_equal(second.family_flags, 0);
	assert_int_equal(second.pool, 0);
	assert_int_equal(event_of(&f, 0).family, RHP_FAMILY_NONE);
	fixture_close(&f);
}

static void buffers_come_by_sequence_and_the_window_last(void **state)
{
	size_t window = writer_region(&writer, 3, RHP_REGION_WINDOW, 2);
	size_t second = writer_region(&writer, 3, RHP_REGION_CHUNK, 1);
	size_t first = writer_region(&writer, 3, RHP_REGION_CHUNK, 0);
	struct fixture f;

	(void)state;
	writer_event(&writer, first, (struct writer_event){RHP_ALLOC, 16, 1, 1, 0});
	writer_event(&writer, second, (struct writer_event){RHP_ALLOC, 32, 2, 1, 0});
	writer_event(&writer, window, (struct writer_event){RHP_ALLOC, 48, 3, 1, 0});
	open_reader(&f);
	assert_int_equal(event_of(&f, 0).address, 16);
	assert_int_equal(event_of(&f, 0).address, 32);
	assert_int_equal(event_of(&f, 0).address, 48);
	assert_int_equal(reader_counts(f.reader)->missing_buffers, 0);
	fixture_close(&f);
}

static void a_window_that_was_copied_is_read_once(void **state)
{
	size_t window = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	size_t chunk = writer_region(&writer, 0, RHP_REGION_CHUNK, 0);
	struct writer_event first = {RHP_ALLOC, 16, 1, 1, 0},
			    second = {RHP_ALLOC, 32, 2, 1, 0};
	struct fixture f;
	struct reader_event event;

	(void)state;
	writer_event(&writer, window, first);
	writer_event(&writer, window, second);
	writer_stamped(&writer, chunk, first, 0); /* the copy is torn: one record */
	open_reader(&f);
	assert_int_equal(event_of(&f, 1).address, 32);
	assert_int_equal(reader_next(f.reader, 0, &event), 0);
	assert_int_equal(reader_next(f.reader, 0, &event), 0);
	fixture_close(&f);
}

static void a_lost_chunk_is_counted(void **state)
{
	size_t first = writer_region(&writer, 0, RHP_REGION_CHUNK, 0);
	size_t third = writer_region(&writer, 0, RHP_REGION_WINDOW, 2);
	struct fixture f;

	(void)state;
	writer_event(&writer, first, (struct writer_event){RHP_ALLOC, 16, 1, 1, 0});
	writer_take_stamp(&writer, 32);
	writer_event(&writer, third, (struct writer_event){RHP_ALLOC, 48, 3, 1, 0});
	open_reader(&f);
	assert_int_equal(event_of(&f, 1).address, 48);
	assert_int_equal(reader_counts(f.reader)->missing_buffers, 1);
	fixture_close(&f);
}

static void events_may_stand_inside_a_text(void **state)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	const char name[] = "a thread with a name of more than one record";
	struct fixture f;
	size_t at;

	(void)state;
	writer_blob(&writer, r, RHP_BLOB_THREAD, 9, 77, name, strlen(name));
	at = writer.cursor[r] - sizeof(struct rhp_record);
	/* Move the last record of the text behind an event. */
	memcpy(writer.bytes + at + 24, writer.bytes + at, 24);
	writer.cursor[r] = at;
	writer_event(&writer, r, (struct writer_event){RHP_ALLOC, 16, 1, 1, 0});
	writer.cursor[r] = at + 48;
	writer_event(&writer, r, (struct writer_event){RHP_FREE, 16, 2, 1, 0});
	open_reader(&f);
	assert_int_equal(event_of(&f, 0).thread, 0);
	assert_int_equal(event_of(&f, 0).thread, 9);
	assert_int_equal(f.catalog.n_threads, 1);
	assert_string_equal(f.catalog.threads[0].name, name);
	fixture_close(&f);
}

static void a_text_longer_than_the_trace_is_dropped(void **state)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	struct fixture f;

	(void)state;
	for (uint64_t i = 0; i < 6; i++) {
		writer_put(&writer, r, UINT64_C(0xffffffff) << 32 | RHP_BLOB, 1, 1);
		writer_put(&writer, r, UINT64_C(0x00ffffff) << 32 | RHP_BLOB, 1, 1);
		writer_put(&writer, r, RHP_TEXT, 0, 0);
	}
	writer_event(&writer, r, (struct writer_event){RHP_ALLOC, 16, 1, 1, 0});
	open_reader(&f);
	assert_int_equal(event_of(&f, 0).address, 16);
	assert_true(reader_counts(f.reader)->damaged_records > 0);
	fixture_close(&f);
}

/* Packed records: what they say, and what they leave to those before them. */

static void put_wide(size_t r, enum rhp_code code, uint64_t address, uint64_t stamp,
		     uint64_t time)
{
	uint64_t u[3];

	rhp_pack_wide(u, code, address, stamp, time, 0xfffffff, UINT32_MAX - 1);
	for (int i = 0; i < 3; i++)
		writer_unit(&writer, r, u[i]);
}

static void put_mid(size_t r, enum rhp_code code, uint64_t address, uint64_t stamp,
		    uint64_t time)
{
	uint64_t u[2];

	rhp_pack_mid(u, code, address, stamp, time, 0xffffff, 0xfffffff);
	writer_unit(&writer, r, u[0]);
	writer_unit(&writer, r, u[1]);
}

static void put_short(size_t r, uint64_t offset, uint64_t stamp, uint64_t time)
{
	writer_unit(&writer, r, rhp_pack_short_free(offset, stamp, time, 0xffff));
}

static void expect(struct fixture *f, enum rhp_code code, uint64_t address,
		   uint64_t stamp, uint64_t time)
{
	struct reader_event e = event_of(f, 0);

	assert_int_equal(e.code, code);
	assert_true(e.address == address && e.stamp == stamp);
	assert_int_equal(e.ticks, time);
}

static void expect_end(struct fixture *f, uint64_t n_damaged)
{
	struct reader_event event;

	assert_int_equal(reader_next(f->reader, 0, &event), 0);
	assert_int_equal(reader_counts(f->reader)->damaged_records, n_damaged);
}

static void short_records_mean_what_those_before_them_say(void **state)
{
	const uint64_t a = 0x7fffdeadbee0, top = UINT64_C(0xfffffffeff);
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	struct fixture f;

	(void)state;
	writer_region_header(&writer, r)->base = a - 0xfffffff0;
	writer_region_header(&writer, r)->base_ticks = 0xffff0;
	put_wide(r, RHP_REALLOC_FAIL, a, top - 3, 0xfffff);
	put_mid(r, RHP_ALLOC, a, 0xfd, 0xfff0);
	put_short(r, 0xfffffff0, 0xfe, 0xef);
	put_short(r, 0xfffffff0, 0xff, 0xef);
	put_wide(r, RHP_ALLOC, a, 0x100, 0xef);
	put_mid(r, RHP_REALLOC_FREE, a, 1, 0xef);
	open_reader(&f);
	expect(&f, RHP_REALLOC_FAIL, a, top - 3, 0xfffff);
	expect(&f, RHP_ALLOC, a, top - 2, 0x10fff0);
	expect(&f, RHP_FREE, a, top - 1, 0x1100ef);
	expect(&f, RHP_FREE, a, top, 0x1100ef);
	expect(&f, RHP_ALLOC, a, 0x100, 0x2000ef);
	expect(&f, RHP_REALLOC_FREE, a, 0x101, 0x2000ef);
	expect_end(&f, 0);
	fixture_close(&f);
}

static void a_buffer_means_the_same_whatever_came_before(void **state)
{
	size_t chunk = writer_region(&writer, 0, RHP_REGION_CHUNK, 0);
	size_t window = writer_region(&writer, 0, RHP_REGION_WINDOW, 1);
	struct fixture f;

	(void)state;
	writer_region_header(&writer, window)->base = 0x10000;
	writer_region_header(&writer, window)->base_ticks = 5000;
	put_wide(chunk, RHP_ALLOC, 0x100, 0x500, 10);
	put_short(chunk, 0x100, 1, 11);
	put_short(window, 0x100, 2, 5000 & 255); /* nothing says its stamp */
	put_wide(window, RHP_ALLOC, 0x10100, 0x700, 5100);
	put_short(window, 0x100, 1, 5110 & 255);
	open_reader(&f);
	expect(&f, RHP_ALLOC, 0x100, 0x500, 10);
	expect(&f, RHP_FREE, 0x100, 0x501, 11);
	expect(&f, RHP_ALLOC, 0x10100, 0x700, 5100);
	expect(&f, RHP_FREE, 0x10100, 0x701, 5110);
	expect_end(&f, 1);
	fixture_close(&f);
}

static void what_is_not_whole_is_no_record(void **state)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	struct fixture f;
	uint64_t u[3];

	(void)state;
	put_wide(r, RHP_ALLOC, 0x100, 0x500, 10);
	rhp_pack_wide(u, RHP_ALLOC, 0x100, 0x600, 10, 1, 1);
	writer_unit(&writer, r, 0); /* a kill left the middle of it */
	writer_unit(&writer, r, u[1]);
	writer_unit(&writer, r, 0);
	/* What came later could build on it: here it does not, for it says all. */
	put_wide(r, RHP_ALLOC, 0x200, 0x800, 10);
	put_short(r, 0x200, 1, 10);
	put_short(r, 0x100, 1, 10);
	writer_unit(&writer, r, RHP_SKIP);
	writer_unit(&writer, r, RHP_SKIP);
	put_short(r, 0x200, 2, 10);
	writer_unit(&writer, r, u[0]); /* the head without the rest */
	writer_unit(&writer, r, u[1]);
	put_wide(r, RHP_FREE, 0x200, 0x803, 10);
	writer_unit(&writer, r, u[2]);
	open_reader(&f);
	expect(&f, RHP_ALLOC, 0x100, 0x500, 10);
	assert_int_equal(reader_counts(f.reader)->torn_records, 0);
	expect(&f, RHP_ALLOC, 0x200, 0x800, 10);
	assert_int_equal(reader_counts(f.reader)->torn_records, 1);
	expect(&f, RHP_FREE, 0x200, 0x801, 10);
	expect(&f, RHP_FREE, 0x200, 0x802, 10);
	expect(&f, RHP_FREE, 0x200, 0x803, 10);
	expect_end(&f, 0);
	assert_int_equal(reader_counts(f.reader)->torn_records, 2);
	fixture_close(&f);
}

/* A region has more units than the reader has at once; records lie across that end. */
static void records_may_lie_across_pieces_of_a_region(void **state)
{
	struct fixture f;
	size_t r;

	(void)state;
	for (uint64_t shift = 0; shift < 3; shift++) {
		writer_fini(&writer);
		writer_init(&writer, 8000);
		r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
		for (uint64_t i = 0; i < shift; i++)
			writer_unit(&writer, r, RHP_SKIP);
		for (uint64_t i = 0; i < 7900; i++)
			put_wide(r, RHP_ALLOC, 0x100, i << 8, 10);
		open_reader(&f);
		for (uint64_t i = 0; i < 7900; i++)
			expect(&f, RHP_ALLOC, 0x100, i << 8, 10);
		expect_end(&f, 0);
		fixture_close(&f);
	}
}

static void assert_same(enum rhp_code code, uint64_t address, uint64_t b, uint64_t c)
{
	uint64_t u[3] = {0};
	uint32_t n = rhp_pack(u, code, address, b, c);
	struct rhp_record r;

	assert_int_equal(rhp_units_of_whole(u, n), n);
	assert_int_equal(rhp_units_of_whole(u, n - 1), 0);
	r = rhp_unpack(u);
	assert_true(r.a == (address << 8 | code) && r.b == b && r.c == c);
}

static void packing_loses_nothing(void **state)
{
	const uint64_t all = UINT64_MAX, a56 = all >> 8, low28 = all >> 36;

	(void)state;
	assert_same(RHP_SIZE, 0, 0, all);
	assert_same(RHP_TIME, 0, 0, all - 1);
	assert_same(RHP_FRAME, a56, low28 | low28 << 32, 0xffffffff);
	assert_same(RHP_CALL, a56, low28, 0xffffffff | low28 << 32);
	assert_same(RHP_BLOB, 0xffu | UINT64_C(0xffffffff) << 24, all, all);
	assert_same(RHP_BLOB, 1u | UINT64_C(7) << 24, 5, all >> 4);
	assert_same(RHP_FAMILY, 0, all >> 32, all >> 4);
	assert_same(RHP_LEAK, a56, all >> 24, all);
	assert_same(RHP_LEAK, a56, 1, 0x1234 << 8 | RHP_LEAK_INDIRECT);
}

/* A trace with a bit of everything; regions small, so that it is short. */
static void write_a_bit_of_everything(void)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_CHUNK, 0);
	size_t s = writer_region(&writer, 1, RHP_REGION_WINDOW, 0);

	writer_blob(&writer, r, RHP_BLOB_THREAD, 1, 100, "main", 4);
	writer_module(&writer, r, 1, 0x400000, "/bin/x");
	writer_blob(&writer, r, RHP_BLOB_FUNCTION, 1, 0, "malloc\0heap", 11);
	writer_node(&writer, r, RHP_FRAME, 1, 0, 0x400100, 1, 0);
	writer_node(&writer, r, RHP_FRAME, 2, 1, 0x400200, 1, 0);
	writer_node(&writer, r, RHP_CALL, 3, 2, 1, 0, 0);
	writer_event(&writer, r, (struct writer_event){RHP_ALLOC, 0x1000, 10, 100, 3});
	writer_event(&writer, s, (struct writer_event){RHP_FREE, 0x1000, 20, 0, 3});
	writer_event(&writer, r, (struct writer_event){RHP_ALLOC, 0x2000, 30, 100, 3});
	writer_event(&writer, s,
		     (struct writer_event){RHP_REALLOC_BEGIN, 0x2000, 40, 0, 0});
	writer_event(&writer, s,
		     (struct writer_event){RHP_REALLOC_END, 0x3000, 50, 50, 3});
	writer_event(&writer, r,
		     (struct writer_event){RHP_ALLOC, 0x4000, 60, UINT64_C(1) << 37, 3});
}

static void load_whatever_it_is(const char *path)
{
	struct fixture f;

	if (fixture_open(&f, path) == 0)
		assert_int_equal(fixture_pair(&f), 0);
	fixture_close(&f);
}

static void a_trace_cut_anywhere_is_read_or_refused(void **state)
{
	size_t head = RHP_HEADER_SIZE + RHP_N_SHARDS * RHP_SHARD_STRIDE;

	(void)state;
	write_a_bit_of_everything();
	for (size_t size = 0; size < RHP_HEADER_SIZE; size += 61)
		assert_int_not_equal(try_open(size), 0);
	writer_save(&writer, trace_path());
	for (size_t size = writer.size + 1; size-- > head;) {
		assert_int_equal(truncate(trace_path(), (off_t)size), 0);
		load_whatever_it_is(trace_path());
	}
}

static bool is_worth_a_flip(size_t offset)
{
	size_t head = RHP_HEADER_SIZE + RHP_N_SHARDS * RHP_SHARD_STRIDE;

	/* Of the counters one in 4000, of the path of the program none. */
	return offset < 512 || offset >= head ||
	       (offset >= RHP_HEADER_SIZE && offset % 4001 == 0);
}

static void a_flipped_byte_anywhere_does_no_harm(void **state)
{
	static const uint8_t flips[] = {0xff, 0x01, 0x80};
	int fd;

	(void)state;
	write_a_bit_of_everything();
	writer_save(&writer, trace_path());
	fd = open(trace_path(), O_RDWR | O_CLOEXEC);
	for (size_t i = 0; i < writer.size; i++) {
		for (size_t k = 0; k < sizeof(flips) && is_worth_a_flip(i); k++) {
			uint8_t flipped = (uint8_t)writer.bytes[i] ^ flips[k];

			assert_int_equal(pwrite(fd, &flipped, 1, (off_t)i), 1);
			load_whatever_it_is(trace_path());
		}
		assert_int_equal(pwrite(fd, &writer.bytes[i], 1, (off_t)i), 1);
	}
	close(fd);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
/* In a trace of an earlier version, too. */
#define BOTH(name)                                                                       \
	CASE(name),                                                                      \
	{                                                                                \
#name "_earlier", name, begin_earlier, end, NULL                         \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(each_bad_header_has_its_own_problem),
		CASE(short_records_mean_what_those_before_them_say),
		CASE(a_buffer_means_the_same_whatever_came_before),
		CASE(what_is_not_whole_is_no_record),
		CASE(records_may_lie_across_pieces_of_a_region),
		CASE(packing_loses_nothing),
		CASE(a_directory_and_no_file_are_errors),
		BOTH(time_goes_on_across_its_24_bits_and_back_a_little),
		BOTH(a_size_over_36_bits_comes_from_the_record_before),
		BOTH(a_block_larger_than_all_addresses_is_damage),
		BOTH(what_a_scan_says_comes_as_it_is),
		CASE(each_problem_has_words_of_its_own),
		BOTH(an_unwritten_record_in_the_middle_is_skipped_and_counted),
		CASE(a_family_is_of_the_event_behind_it),
		BOTH(buffers_come_by_sequence_and_the_window_last),
		BOTH(a_window_that_was_copied_is_read_once),
		BOTH(a_lost_chunk_is_counted),
		BOTH(events_may_stand_inside_a_text),
		BOTH(a_text_longer_than_the_trace_is_dropped),
		BOTH(a_trace_cut_anywhere_is_read_or_refused),
		BOTH(a_flipped_byte_anywhere_does_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
