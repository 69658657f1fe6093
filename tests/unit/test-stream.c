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

#include "runtime/trace-file.h"
#include "runtime/tracker.h"
#include "runtime-fixture.h"

static uint16_t streams = 100;

static struct rhp_stream fresh(uint32_t event_buffer)
{
	struct rhp_stream s = {0};
	assert_true(rhp_stream_open(&s, streams++, event_buffer));
	return s;
}

/* Reads region `i` of the file into buffer; its size, 0 past the end. */
static size_t read_region(size_t i, void *buffer, struct rhp_file_header *header)
{
	FILE *f = fopen(runtime_fixture_settings()->path, "rb");
	assert_non_null(f);
	assert_int_equal(fread(header, sizeof(*header), 1, f), 1);
	fseek(f, (long)(header->first_region + i * header->region_size), SEEK_SET);
	size_t n = fread(buffer, 1, header->region_size, f);
	fclose(f);
	return n;
}

/* Finds a region of a stream; false if the file has none. */
static int find_region(uint16_t stream, enum rhp_region_kind kind, uint64_t sequence,
		       char *buffer)
{
	struct rhp_file_header header;
	struct rhp_region *r = (void *)buffer;
	for (size_t i = 0; read_region(i, buffer, &header) > sizeof(*r); i++)
		if (r->magic == RHP_REGION_MAGIC && r->stream == stream &&
		    r->kind == kind && r->sequence == sequence)
			return 1;
	return 0;
}

/* Both in the same frame. */
static void write_event(struct rhp_stream *s, uint64_t size)
{
	assert_true(rhp_stream_event(s, RHP_ALLOC, 0x1000, 1, 7, size));
}

static void a_writer_that_was_jumped_out_of_is_forgotten(void **state)
{
	(void)state;
	struct rhp_stream s = fresh(5000);
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
	assert_true(rhp_stream_record(&s, RHP_FRAME, 0x1000, 0, 0));
	assert_int_equal(s.depth, 1);
	s.depth = 0;
	rhp_stream_close(&s);
}

static void an_event_is_in_the_file_at_once(void **state)
{
	(void)state;
	struct rhp_stream s = fresh(5000);
	char *buffer = malloc(1 << 20);
	assert_true(rhp_stream_event(&s, RHP_ALLOC, 0x7f1234567890, 42, 7, 100));
	assert_true(find_region(s.window->stream, RHP_REGION_WINDOW, 0, buffer));
	struct rhp_record *r = (void *)(buffer + sizeof(struct rhp_region));
	assert_int_equal(rhp_code(r), RHP_ALLOC);
	assert_int_equal(rhp_address(r), 0x7f1234567890);
	assert_int_equal(rhp_stamp(r), 42);
	assert_int_equal(rhp_node(r), 7);
	assert_int_equal(rhp_size(r), 100);
	free(buffer);
}

static void a_full_window_becomes_a_chunk_and_is_empty_again(void **state)
{
	(void)state;
	struct rhp_stream s = fresh(5000);
	char *buffer = malloc(1 << 20);
	for (uint64_t i = 0; i < 5000; i++)
		assert_true(rhp_stream_event(&s, RHP_ALLOC, 4096 + 16 * i, i, 1, i));
	assert_true(find_region(s.window->stream, RHP_REGION_CHUNK, 0, buffer));
	struct rhp_region *chunk = (void *)buffer;
	size_t n = chunk->used / sizeof(struct rhp_record);
	assert_true(n > 4000 && n < 5000);
	const struct rhp_record *r = (const void *)(chunk + 1);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(rhp_stamp(&r[i]), i);
	/* What follows is in the window, under the next number. */
	assert_int_equal(s.window->sequence, 1);
	assert_int_equal(rhp_stamp(&s.records[0]), n);
	assert_int_equal(s.cursor, 5000 - n);
	assert_int_equal(s.records[s.cursor].a, 0);
	free(buffer);
}

static void sizes_beyond_the_field_get_a_record_of_their_own(void **state)
{
	(void)state;
	struct rhp_stream s = fresh(5000);
	uint64_t size = UINT64_C(1) << 46;
	assert_true(rhp_stream_event(&s, RHP_ALLOC, 4096, 0, 1, size));
	assert_int_equal(rhp_code(&s.records[0]), RHP_SIZE);
	assert_int_equal(s.records[0].c, size);
	assert_int_equal(rhp_size(&s.records[1]), RHP_SIZE_MAX);
	assert_true(rhp_stream_event(&s, RHP_ALLOC, 4096, 0, 1, RHP_SIZE_MAX - 1));
	assert_int_equal(s.cursor, 3);
}

static void a_long_pause_writes_the_whole_time(void **state)
{
	(void)state;
	struct rhp_stream s = fresh(5000);
	s.last_unit -= UINT64_C(1) << RHP_TIME_BITS;
	assert_true(rhp_stream_event(&s, RHP_FREE, 4096, 0, 0, 0));
	assert_int_equal(rhp_code(&s.records[0]), RHP_TIME);
	assert_int_equal(s.records[0].c >> RHP_TIME_SHIFT, s.last_unit);
	assert_int_equal(rhp_code(&s.records[1]), RHP_FREE);
	assert_true(rhp_stream_event(&s, RHP_FREE, 4096, 0, 0, 0));
	assert_int_equal(s.cursor, 3);
}

static void a_blob_is_spelled_out_over_its_parts(void **state)
{
	(void)state;
	struct rhp_stream s = fresh(5000);
	const char *text = "the quick brown fox jumps over the lazy dog";
	struct rhp_stream_text parts[] = {
		{text, 10}, {"", 0}, {text + 10, strlen(text) - 10}};
	assert_true(rhp_stream_blob(&s, RHP_BLOB_MARK, 5, 6, parts, 3));
	const struct rhp_record *head = &s.records[0];
	assert_int_equal(rhp_code(head), RHP_BLOB);
	assert_int_equal((uint8_t)(head->a >> 8), RHP_BLOB_MARK);
	assert_int_equal(head->a >> 32, strlen(text));
	char spelled[2 * RHP_TEXT_BYTES];
	for (int i = 0; i < 2; i++) {
		const struct rhp_text *t = (const struct rhp_text *)(head + 1 + i);
		assert_int_equal(t->code, RHP_TEXT);
		memcpy(spelled + i * RHP_TEXT_BYTES, t->bytes, RHP_TEXT_BYTES);
	}
	assert_memory_equal(spelled, text, strlen(text));
	assert_int_equal(s.cursor, 3);
}

static void a_moment_lies_between_events(void **state)
{
	(void)state;
	struct rhp_stream s = fresh(5000);
	for (int i = 0; i < 1000; i++) {
		assert_true(rhp_stream_event(&s, RHP_FREE, 4096, 0, 0, 0));
		uint64_t before = s.last_unit << RHP_TIME_SHIFT;
		uint64_t moment = rhp_stream_moment();
		assert_true(before < moment);
		assert_true(rhp_stream_event(&s, RHP_FREE, 4096, 0, 0, 0));
		assert_true(s.last_unit << RHP_TIME_SHIFT >= moment);
	}
}

static void a_nested_writer_keeps_its_hands_off_the_window(void **state)
{
	(void)state;
	struct rhp_stream s = fresh(5000);
	while (s.cursor + 2 <= s.limit)
		rhp_stream_event(&s, RHP_FREE, 4096, 0, 0, 0);
	/* An outer writer, further up this stack, holds a slot. */
	rhp_place_set(&s.outermost, __builtin_frame_address(0));
	s.depth = 1;
	uint32_t n = 0;
	while (rhp_stream_event(&s, RHP_FREE, 4096, 0, 0, 0))
		n++;
	assert_true(n > 16 && n <= 64);
	assert_int_equal(s.window->sequence, 0);
	/* It was left by longjmp: no longer counts. */
	s.outermost.ip++;
	assert_true(rhp_stream_event(&s, RHP_FREE, 4096, 0, 0, 0));
	assert_int_equal(s.window->sequence, 1);
}

static struct rhp_stream *signalled;
static volatile sig_atomic_t in_handler;

static void write_in_handler(int signal)
{
	(void)signal;
	for (int i = 0; i < 3; i++)
		in_handler += rhp_stream_event(signalled, RHP_FREE, 8192, 0, 0, 0);
}

static void a_handler_on_top_of_a_writer_loses_nothing(void **state)
{
	(void)state;
	struct rhp_stream s = fresh(5000);
	signalled = &s;
	in_handler = 0;
	signal(SIGALRM, write_in_handler);
	uint64_t written = 0, seen = 0;
	for (int round = 0; round < 2000; round++) {
		if (round % 7 == 0)
			raise(SIGALRM);
		written += rhp_stream_event(&s, RHP_ALLOC, 4096, 0, 0, 0);
	}
	for (uint32_t i = 0; i < s.cursor; i++)
		seen += s.records[i].a != 0;
	assert_int_equal(written, 2000);
	assert_int_equal(seen, written + (uint64_t)in_handler);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_in_the_file_at_once),
		cmocka_unit_test(a_writer_that_was_jumped_out_of_is_forgotten),
		cmocka_unit_test(a_full_window_becomes_a_chunk_and_is_empty_again),
		cmocka_unit_test(sizes_beyond_the_field_get_a_record_of_their_own),
		cmocka_unit_test(a_long_pause_writes_the_whole_time),
		cmocka_unit_test(a_blob_is_spelled_out_over_its_parts),
		cmocka_unit_test(a_moment_lies_between_events),
		cmocka_unit_test(a_nested_writer_keeps_its_hands_off_the_window),
		cmocka_unit_test(a_handler_on_top_of_a_writer_loses_nothing),
	};
	return cmocka_run_group_tests(tests, runtime_fixture_open, runtime_fixture_close);
}
