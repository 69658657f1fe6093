/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/packed.h"
#include "runtime/os-clock.h"
#include "runtime/stream-event.h"
#include "runtime/trace-file.h"
#include "runtime/tracker.h"
#include "runtime-fixture.h"

static uint16_t streams = 100;

static struct rhp_stream fresh(void)
{
	struct rhp_stream s = {0};
	assert_true(rhp_stream_open(&s, streams++));
	return s;
}

/* Reads region `i` of the file into buffer, and finds its header there; NULL past the
 * end.
 */
static struct rhp_region *read_region(size_t i, char *buffer)
{
	struct rhp_file_header header;
	FILE *f = fopen(runtime_fixture_settings()->path, "rb");
	assert_non_null(f);
	assert_int_equal(fread(&header, sizeof(header), 1, f), 1);
	fseek(f, (long)(header.first_region + i * header.region_size), SEEK_SET);
	size_t n = fread(buffer, 1, header.region_size, f);
	fclose(f);
	return n == header.region_size ? (void *)(buffer + header.head_offset) : NULL;
}

/* Finds a region of a stream; NULL if the file has none. */
static struct rhp_region *find_region(uint16_t stream, enum rhp_region_kind kind,
				      uint64_t sequence, char *buffer)
{
	struct rhp_region *r;
	for (size_t i = 0; (r = read_region(i, buffer)); i++)
		if (r->magic == RHP_REGION_MAGIC && r->end == RHP_REGION_MAGIC &&
		    r->stream == stream && r->kind == kind && r->sequence == sequence)
			return r;
	return NULL;
}

/* All that one function calls are in the same frame. */
static NOINLINE void write_event(struct rhp_stream *s, uint64_t size)
{
	assert_true(rhp_stream_event(s, __builtin_frame_address(0), RHP_ALLOC, 0x1000, 1,
				     7, size));
}

static void a_writer_that_was_jumped_out_of_is_forgotten(void **state)
{
	(void)state;
	struct rhp_stream s = fresh();
	const uint64_t sizes[] = {100, RHP_SIZE_MAX};
	for (size_t i = 0; i < 2; i++) {
		write_event(&s, sizes[i]);
		assert_int_equal(s.depth, 0);
		s.depth = 1;
		write_event(&s, sizes[i]);
		assert_int_equal(s.depth, 0);
		s.last_unit = 0; /* long ago */
		write_event(&s, sizes[i]);
	}
	/* One that is still there is not. */
	s.depth = 1;
	s.outermost.frame = (uintptr_t)__builtin_frame_address(0);
	write_event(&s, 100);
	write_event(&s, RHP_SIZE_MAX);
	assert_true(rhp_stream_node(&s, RHP_FRAME | 0x1000 << 8, RHP_REST, RHP_REST));
	assert_int_equal(s.depth, 1);
	s.depth = 0;
	rhp_stream_close(&s);
}

static void an_event_is_in_the_file_at_once(void **state)
{
	(void)state;
	struct rhp_stream s = fresh();
	char *buffer = malloc(1 << 20);
	assert_true(rhp_stream_event(&s, __builtin_frame_address(0), RHP_ALLOC,
				     0x7f1234567890, 42, 7, 100));
	assert_non_null(find_region(s.window->stream, RHP_REGION_WINDOW, 0, buffer));
	struct rhp_packed_event e = rhp_unpack_event((void *)buffer, 0);
	assert_int_equal(e.code, RHP_ALLOC);
	assert_int_equal(e.address, 0x7f1234567890);
	assert_int_equal(e.stamp, 42);
	assert_int_equal(e.node, 7);
	assert_int_equal(e.size, 100);
	free(buffer);
}

static void a_full_window_becomes_a_chunk_and_is_empty_again(void **state)
{
	(void)state;
	struct rhp_stream s = fresh();
	char *buffer = malloc(1 << 20);
	/* Each of a shard of its own, or with another high part of its stamp. */
	for (uint64_t i = 0; i < 5000; i++)
		assert_true(rhp_stream_event(&s, __builtin_frame_address(0), RHP_ALLOC,
					     4096 + 16 * i, i << 8, 1, i));
	const struct rhp_region *chunk =
		find_region(s.window->stream, RHP_REGION_CHUNK, 0, buffer);
	assert_non_null(chunk);
	size_t n = chunk->used / sizeof(uint64_t) / RHP_WIDE_UNITS;
	assert_true(n > 4000 && n < 5000);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(
			rhp_unpack_event((uint64_t *)(void *)buffer + 3 * i, 0).stamp,
			i << 8);
	/* What follows is in the window, under the next number; and before it how much of
	 * the process is in memory, which this trace has not said yet. */
	struct rhp_record first = rhp_unpack(s.units);
	assert_int_equal(s.window->sequence, 1);
	assert_int_equal(first.a & 0xffff, RHP_BLOB | RHP_BLOB_RESIDENT << 8);
	assert_true(first.b >= 1 << 16 && first.b % 4096 == 0);
	assert_int_equal(rhp_unpack_event(s.units + RHP_WIDE_UNITS, 0).stamp, n << 8);
	assert_int_equal(s.cursor, RHP_WIDE_UNITS * (5000 - n + 1));
	assert_int_equal(s.units[s.cursor], 0);
	free(buffer);
}

static struct rhp_record record(const struct rhp_stream *s, uint32_t i)
{
	return runtime_fixture_record(s, i);
}

/* How many units the stream's next event takes. */
static uint32_t units_of(struct rhp_stream *s, enum rhp_code code, uint64_t address,
			 uint64_t stamp, uint32_t node, uint64_t size)
{
	uint32_t before;
	uint64_t now;
	do { /* once more, if something else ran for long in between */
		before = s->cursor;
		now = s->last_unit = rhp_os_ticks() >> RHP_TIME_SHIFT;
		assert_true(rhp_stream_event(s, __builtin_frame_address(0), code,
					     (uintptr_t)address, stamp, node, size));
	} while ((s->last_unit - now) >> RHP_SHORT_TIME_BITS != 0);
	return s->cursor - before;
}

/* A buffer whose base makes this address near, and whose shard has a known stamp. */
static struct rhp_stream near_to(uint64_t address, uint64_t stamp)
{
	struct rhp_stream s = fresh();
	s.base = address & ~UINT64_C(0xfffffff);
	assert_int_equal(units_of(&s, RHP_ALLOC, address, stamp, 1, 1), 3);
	return s;
}

static void an_event_takes_what_it_needs(void **state)
{
	(void)state;
	const uint64_t at = 0x7f1234567890;
	struct rhp_stream s = near_to(at, 7);
	assert_int_equal(units_of(&s, RHP_FREE, at, 8, 0xffff, 0), 1);
	assert_int_equal(units_of(&s, RHP_FREE, at, 255, 0x10000, 0), 2);
	assert_int_equal(units_of(&s, RHP_FREE, at, 9, 1, 24), 2);
	assert_int_equal(units_of(&s, RHP_ALLOC, at, 9, 0xffffff, 0xfffffff), 2);
	assert_int_equal(units_of(&s, RHP_ALLOC, at, 9, 0x1000000, 1), 3);
	assert_int_equal(units_of(&s, RHP_ALLOC, at, 9, 1, 0x10000000), 3);
	assert_int_equal(units_of(&s, RHP_REALLOC_BEGIN, at, 9, 0, 0), 2);
	assert_int_equal(units_of(&s, RHP_REALLOC_END, at, 9, 1, 1), 2);
	/* Other stamps, unaligned addresses, addresses that need more bits. */
	assert_int_equal(units_of(&s, RHP_FREE, at, 256, 1, 0), 3);
	assert_int_equal(units_of(&s, RHP_FREE, at, 257, 1, 0), 1);
	assert_int_equal(units_of(&s, RHP_FREE, at, 9, 1, 0), 3);
	assert_int_equal(units_of(&s, RHP_FREE, at + 8, 10, 1, 0), 3);
	assert_int_equal(units_of(&s, RHP_FREE, at | UINT64_C(1) << 50, 10, 1, 0), 3);
	assert_int_equal(units_of(&s, RHP_FREE, at | UINT64_C(1) << 50, 10, 1, 0), 3);
	rhp_stream_close(&s);
}

static void the_base_moves_with_the_next_buffer(void **state)
{
	(void)state;
	const uint64_t at = 0x7f1234567890, there = at + (UINT64_C(1) << 32);
	struct rhp_stream s = near_to(at, 7);
	units_of(&s, RHP_ALLOC, there, 8, 1, 1);
	assert_int_equal(units_of(&s, RHP_FREE, there, 8, 1, 0), 2);
	while (s.window->sequence == 0)
		units_of(&s, RHP_FREE, there, 9, 1, 0);
	units_of(&s, RHP_FREE, there, 9, 1, 0);
	assert_int_equal(units_of(&s, RHP_FREE, there, 9, 1, 0), 1);
	assert_int_equal(s.window->base, s.base);
	/* A few that are far away do not move it. */
	uint64_t base = s.base;
	units_of(&s, RHP_ALLOC, at - (UINT64_C(1) << 33), 8, 1, 1);
	assert_int_equal(units_of(&s, RHP_FREE, at - (UINT64_C(1) << 33), 8, 1, 0), 2);
	while (s.window->sequence == 1)
		units_of(&s, RHP_FREE, there, 9, 1, 0);
	assert_int_equal(s.window->base, base);
	rhp_stream_close(&s);
}

static void sizes_beyond_the_field_get_a_record_of_their_own(void **state)
{
	(void)state;
	struct rhp_stream s = fresh();
	uint64_t size = UINT64_C(1) << 46;
	assert_true(rhp_stream_event(&s, __builtin_frame_address(0), RHP_ALLOC, 4096, 0,
				     1, size));
	assert_int_equal(rhp_code(&(struct rhp_record){record(&s, 0).a, 0, 0}), RHP_SIZE);
	assert_int_equal(record(&s, 0).c, size);
	assert_int_equal(rhp_unpack_event(&s.units[2], 0).size, RHP_SIZE_MAX);
	assert_true(rhp_stream_event(&s, __builtin_frame_address(0), RHP_ALLOC, 4096, 0,
				     1, UINT32_MAX - 1));
	assert_int_equal(s.cursor, 8);
	assert_int_equal(rhp_unpack_event(&s.units[5], 0).size, UINT32_MAX - 1);
	assert_true(rhp_stream_event(&s, __builtin_frame_address(0), RHP_ALLOC, 4096, 0,
				     1, UINT64_MAX));
	assert_int_equal(record(&s, 3).c, UINT64_MAX);
}

static void a_long_pause_writes_the_whole_time(void **state)
{
	(void)state;
	struct rhp_stream s = fresh();
	s.last_unit -= UINT64_C(1) << RHP_TIME_BITS;
	assert_true(rhp_stream_event(&s, __builtin_frame_address(0), RHP_FREE, 4096, 0, 0,
				     0));
	assert_int_equal(record(&s, 0).a, RHP_TIME);
	assert_int_equal(record(&s, 0).c >> RHP_TIME_SHIFT, s.last_unit);
	assert_int_equal(record(&s, 1).a & 255, RHP_FREE);
	assert_int_equal(units_of(&s, RHP_FREE, 4096, 0, 0, 0), 1);
	/* A clock that went back does the same. */
	uint32_t before = s.cursor;
	s.last_unit += UINT64_C(1) << RHP_TIME_BITS;
	assert_true(rhp_stream_event(&s, __builtin_frame_address(0), RHP_FREE, 4096, 0, 0,
				     0));
	assert_int_equal(s.units[before] & 255, RHP_TIME);
}

static void a_blob_is_spelled_out_over_its_parts(void **state)
{
	(void)state;
	struct rhp_stream s = fresh();
	const char *text = "the quick brown fox jumps over the lazy dog";
	struct rhp_stream_text parts[] = {
		{text, 10}, {"", 0}, {text + 10, strlen(text) - 10}};
	assert_true(rhp_stream_blob(&s, RHP_BLOB_MARK, 5, UINT64_MAX - 6, parts, 3));
	struct rhp_record head = record(&s, 0);
	assert_int_equal(rhp_code(&head), RHP_BLOB);
	assert_int_equal((uint8_t)(head.a >> 8), RHP_BLOB_MARK);
	assert_int_equal(head.a >> 32, strlen(text));
	assert_true(head.b == 5 && head.c == UINT64_MAX - 6);
	char spelled[7 * RHP_PACKED_TEXT_BYTES];
	for (uint32_t i = 0; i < 7; i++) {
		uint64_t unit = record(&s, 1 + i).a;
		assert_int_equal(unit & 255, RHP_TEXT);
		memcpy(spelled + i * RHP_PACKED_TEXT_BYTES, (char *)&unit + 1,
		       RHP_PACKED_TEXT_BYTES);
	}
	assert_memory_equal(spelled, text, strlen(text));
	assert_int_equal(s.cursor, 10);
}

static void a_moment_lies_between_events(void **state)
{
	(void)state;
	struct rhp_stream s = fresh();
	for (int i = 0; i < 1000; i++) {
		assert_true(rhp_stream_event(&s, __builtin_frame_address(0), RHP_FREE,
					     4096, 0, 0, 0));
		uint64_t before = s.last_unit << RHP_TIME_SHIFT;
		uint64_t moment = rhp_stream_moment();
		assert_true(before < moment);
		assert_true(rhp_stream_event(&s, __builtin_frame_address(0), RHP_FREE,
					     4096, 0, 0, 0));
		assert_true(s.last_unit << RHP_TIME_SHIFT >= moment);
	}
}

/* In a frame of its own, below that of whoever else is at work. */
__attribute__((noinline)) static bool free_below(struct rhp_stream *s)
{
	return rhp_stream_event(s, __builtin_frame_address(0), RHP_FREE, 4096, 0, 0, 0);
}

static void a_nested_writer_keeps_its_hands_off_the_window(void **state)
{
	(void)state;
	struct rhp_stream s = fresh();
	while (s.cursor < s.limit)
		free_below(&s);
	/* An outer writer, further up this stack, holds a slot. */
	rhp_place_set(&s.outermost, __builtin_frame_address(0));
	s.depth = 1;
	uint32_t n = 0;
	while (free_below(&s))
		n++;
	assert_true(n >= 48 && n <= 90);
	assert_int_equal(s.window->sequence, 0);
	/* It was left by longjmp: no longer counts. */
	s.outermost.ip++;
	assert_true(free_below(&s));
	assert_int_equal(s.window->sequence, 1);
}

static struct rhp_stream *signalled;
static volatile sig_atomic_t in_handler;

static void write_in_handler(int signal)
{
	(void)signal;
	for (int i = 0; i < 3; i++)
		in_handler += rhp_stream_event(signalled, __builtin_frame_address(0),
					       RHP_FREE, 8192, 0, 0, 0);
}

static void a_handler_on_top_of_a_writer_loses_nothing(void **state)
{
	(void)state;
	struct rhp_stream s = fresh();
	signalled = &s;
	in_handler = 0;
	signal(SIGALRM, write_in_handler);
	uint64_t written = 0, seen = 0;
	for (int round = 0; round < 700; round++) {
		if (round % 7 == 0)
			raise(SIGALRM);
		written += rhp_stream_event(&s, __builtin_frame_address(0), RHP_ALLOC,
					    4096, 0, 0, 0);
	}
	for (uint32_t i = 0; record(&s, i).a != 0; i++)
		seen += rhp_is_packed_event(record(&s, i).a);
	assert_int_equal(written, 700);
	assert_int_equal(seen, written + (uint64_t)in_handler);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_in_the_file_at_once),
		cmocka_unit_test(a_writer_that_was_jumped_out_of_is_forgotten),
		cmocka_unit_test(a_full_window_becomes_a_chunk_and_is_empty_again),
		cmocka_unit_test(an_event_takes_what_it_needs),
		cmocka_unit_test(the_base_moves_with_the_next_buffer),
		cmocka_unit_test(sizes_beyond_the_field_get_a_record_of_their_own),
		cmocka_unit_test(a_long_pause_writes_the_whole_time),
		cmocka_unit_test(a_blob_is_spelled_out_over_its_parts),
		cmocka_unit_test(a_moment_lies_between_events),
		cmocka_unit_test(a_nested_writer_keeps_its_hands_off_the_window),
		cmocka_unit_test(a_handler_on_top_of_a_writer_loses_nothing),
	};
	return cmocka_run_group_tests(tests, runtime_fixture_open, runtime_fixture_close);
}
