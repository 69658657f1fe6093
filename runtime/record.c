/* SPDX-License-Identifier: MIT */
/*
 * One event: a stamp, a stack, a record. The stamp is taken first, as close to
 * the real call as can be; nothing after it bears on the order.
 */
#include <string.h>

#include "runtime/runtime.h"
#include "runtime/tracker.h"

#define MAX_MARK 4096

static ALWAYS_INLINE void put(struct rhp_tracker *t, enum rhp_code code, const void *p,
			      uint64_t stamp, uint32_t node, size_t size)
{
	rhp_stream_event(&t->stream, code, (uintptr_t)p, stamp, node, size);
	rhp_tracker_done(t);
}

void rhp_record_alloc(enum rhp_function function, const void *frame, const void *p,
		      size_t size)
{
	uint64_t stamp = rhp_stamp_take((uintptr_t)p);
	struct rhp_tracker *t = rhp_tracker_get();
	if (LIKELY(t))
		put(t, RHP_ALLOC, p, stamp,
		    rhp_stack_capture(&t->stacks, &t->stream, frame, function), size);
}

void rhp_record_free(enum rhp_function function, const void *frame, const void *p,
		     size_t size)
{
	uint64_t stamp = rhp_stamp_take((uintptr_t)p);
	struct rhp_tracker *t = rhp_tracker_get();
	if (LIKELY(t))
		put(t, RHP_FREE, p, stamp,
		    rhp_stack_caller(&t->stacks, &t->stream, frame, function), size);
}

void rhp_record_realloc_begin(const void *p)
{
	uint64_t stamp = rhp_stamp_take((uintptr_t)p);
	struct rhp_tracker *t = rhp_tracker_get();
	if (LIKELY(t))
		put(t, RHP_REALLOC_BEGIN, p, stamp, 0, 0);
}

/* The address whose stamp an outcome carries, and what it is. realloc(p, 0)
 * frees p and returns NULL in glibc; elsewhere it returns a block. */
static enum rhp_code outcome(const void **p, const void *q, size_t size)
{
	if (!q)
		return size == 0 ? RHP_REALLOC_FREE : RHP_REALLOC_FAIL;
	*p = q;
	return RHP_REALLOC_END;
}

void rhp_record_realloc_end(enum rhp_function function, const void *frame, const void *p,
			    const void *q, size_t size)
{
	enum rhp_code code = outcome(&p, q, size);
	uint64_t stamp = rhp_stamp_take((uintptr_t)p);
	struct rhp_tracker *t = rhp_tracker_again();
	if (LIKELY(t))
		put(t, code, p, stamp,
		    rhp_stack_capture(&t->stacks, &t->stream, frame, function), size);
}

void rhp_record_realloc_followed(const void *p, const void *q, size_t size)
{
	enum rhp_code code = outcome(&p, q, size);
	uint64_t stamp = rhp_stamp_take((uintptr_t)p);
	struct rhp_tracker *t = rhp_tracker_again();
	if (LIKELY(t))
		put(t, code, p, stamp, 0, size);
}

bool rhp_record_mark(const char *text)
{
	struct rhp_tracker *t = rhp_tracker_get();
	if (!t)
		return false;
	struct rhp_stream_text part = {text, strnlen(text, MAX_MARK)};
	bool ok = rhp_stream_blob(&t->stream, RHP_BLOB_MARK, rhp_thread.number,
				  rhp_os_ticks(), &part, 1);
	rhp_tracker_done(t);
	return ok;
}
