/* SPDX-License-Identifier: MIT */
/*
 * Scopes. The end names the beginning by a number, so that it is known which one ends
 * even if ends of others were jumped over, or tracking was switched off and on again:
 * numbers go on from trace to trace.
 */
#include <string.h>

#include "runtime/runtime.h"
#include "runtime/tracker.h"

#define MAX_NAME 256

static uint64_t thread_and_scope(uint32_t scope)
{
	return rhp_thread.number | (uint64_t)scope << 32;
}

uint32_t rhp_record_begin(const char *name)
{
	struct rhp_tracker *t = rhp_tracker_get();
	if (!t)
		return 0;
	/* One instruction: a handler's scope gets another number. 0 says none. */
	uint32_t scope = __atomic_add_fetch(&rhp_thread.scopes, 1, __ATOMIC_RELAXED);
	if (scope == 0)
		scope = __atomic_add_fetch(&rhp_thread.scopes, 1, __ATOMIC_RELAXED);
	struct rhp_stream_text part = {name, strnlen(name, MAX_NAME)};
	bool ok = rhp_stream_blob(&t->stream, RHP_BLOB_BEGIN, thread_and_scope(scope),
				  rhp_stream_moment(), &part, 1);
	rhp_tracker_done(t);
	return ok ? scope : 0;
}

void rhp_record_end(uint32_t scope)
{
	struct rhp_tracker *t = rhp_tracker_get();
	if (!t)
		return;
	rhp_stream_blob(&t->stream, RHP_BLOB_END, thread_and_scope(scope),
			rhp_stream_moment(), NULL, 0);
	rhp_tracker_done(t);
}
