/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

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

const struct rhp_record *
runtime_fixture_find(const struct rhp_stream *s,
		     int (*wanted)(const struct rhp_record *, uint64_t), uint64_t arg)
{
	for (uint32_t i = s->cursor; i-- > 0;)
		if (wanted(&s->records[i], arg))
			return &s->records[i];
	return NULL;
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
