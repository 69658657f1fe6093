/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/packed.h"
#include "runtime/state.h"
#include "runtime/stream.h"
#include "runtime/trace-file.h"
#include "runtime/tracker.h"
#include "runtime-fixture.h"

static struct rhp_settings settings;
static char directory[64];

int runtime_fixture_open(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/rheaper-test-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	char variable[128], depth[] = "RHEAPER_STACK_DEPTH=32",
			    buffer[] = "RHEAPER_EVENT_BUFFER=5000";
	snprintf(variable, sizeof(variable), "RHEAPER_TRACE=%s/trace.bin", directory);
	char *environment[] = {variable, depth, buffer, NULL};
	rhp_settings_read(&settings, environment);
	rhp_settings_expand_path(&settings, strchr(variable, '=') + 1);
	if (rhp_trace_create(&settings, 0) < 0 || rhp_tracker_start(&settings) < 0)
		return -1;
	rhp_trace_keep();
	rhp_state_begin();
	return 0;
}

int runtime_fixture_close(void **state)
{
	(void)state;
	rhp_trace_stop(RHP_STATE_STOPPED);
	unlink(settings.path);
	return rmdir(directory);
}

const struct rhp_settings *runtime_fixture_settings(void)
{
	return &settings;
}

static struct rhp_record unpacked(const uint64_t *units)
{
	return rhp_is_packed_event(*units) || (*units & 255) == RHP_TEXT
		       ? (struct rhp_record){*units, 0, 0}
		       : rhp_unpack(units);
}

/* To the next record, which must be whole. */
static uint32_t after(const struct rhp_stream *s, uint32_t at)
{
	uint32_t size = rhp_units_of_whole(&s->units[at], s->cursor - at);
	assert_int_not_equal(size, 0);
	return at + size;
}

struct rhp_record runtime_fixture_record(const struct rhp_stream *s, uint32_t i)
{
	for (uint32_t at = 0; at < s->cursor; at = after(s, at))
		if (i-- == 0)
			return unpacked(&s->units[at]);
	return (struct rhp_record){0};
}

const struct rhp_record *
runtime_fixture_find(const struct rhp_stream *s,
		     int (*wanted)(const struct rhp_record *, uint64_t), uint64_t arg)
{
	static struct rhp_record found;
	found.a = 0;
	for (uint32_t at = 0; at < s->cursor; at = after(s, at)) {
		struct rhp_record r = unpacked(&s->units[at]);
		if (wanted(&r, arg))
			found = r;
	}
	return found.a ? &found : NULL;
}

static int is_node(const struct rhp_record *r, uint64_t id)
{
	return (rhp_code(r) == RHP_FRAME || rhp_code(r) == RHP_CALL) &&
	       (uint32_t)r->b == id;
}

unsigned runtime_fixture_frames(const struct rhp_stream *s, uint32_t node,
				uintptr_t *frames, unsigned most, uint32_t *flags)
{
	const struct rhp_record *r = runtime_fixture_find(s, is_node, node);
	unsigned n = 0;
	assert_non_null(r);
	assert_int_equal(rhp_code(r), RHP_CALL);
	*flags = (uint32_t)(r->c >> 32);
	/* The CALL's parent is the innermost frame. */
	for (node = (uint32_t)(r->b >> 32); node && n < most;
	     node = (uint32_t)(r->b >> 32)) {
		r = runtime_fixture_find(s, is_node, node);
		assert_non_null(r);
		frames[n++] = (uintptr_t)rhp_address(r);
	}
	return n;
}
