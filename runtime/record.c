/* SPDX-License-Identifier: MIT */
/*
 * One event: a tracker, a stamp, a stack, a record. The tracker first: it holds the
 * trace in place, and with it the counters of the stamps.
 */
#include <string.h>

#include "runtime/runtime.h"
#include "runtime/sample.h"
#include "runtime/stream-event.h"
#include "runtime/trace-file.h"
#include "runtime/tracker.h"

#define MAX_MARK 4096

/* `f`: of a declared function whose family is told, or NULL. */
static ALWAYS_INLINE void put(struct rhp_tracker *t, const void *frame,
			      enum rhp_code code, const void *p, uint64_t stamp,
			      uint32_t node, size_t size,
			      const struct rhp_stream_family *f)
{
	struct rhp_stream *s = &t->stream;
	if (f)
		rhp_stream_event_of(s, frame, code, (uintptr_t)p, stamp, node, size, f);
	else
		rhp_stream_event(s, frame, code, (uintptr_t)p, stamp, node, size);
	rhp_tracker_done(t);
}

static ALWAYS_INLINE uint32_t stack_of(struct rhp_tracker *t, enum rhp_function function,
				       const void *frame)
{
	return rhp_sample_stack()
		       ? rhp_stack_capture(&t->stacks, &t->stream, frame, function)
		       : rhp_stack_unsampled(&t->stacks, &t->stream, function);
}

void rhp_record_alloc(enum rhp_function function, const void *frame, const void *p,
		      size_t size)
{
	struct rhp_tracker *t = rhp_tracker_get();
	if (UNLIKELY(!t))
		return;
	uint64_t stamp = rhp_stamp_take((uintptr_t)p);
	put(t, frame, RHP_ALLOC, p, stamp, stack_of(t, function, frame), size, NULL);
}

void rhp_record_free(enum rhp_function function, const void *frame, const void *p,
		     size_t size)
{
	struct rhp_tracker *t = rhp_tracker_get();
	if (UNLIKELY(!t))
		return;
	uint64_t stamp = rhp_stamp_take((uintptr_t)p);
	put(t, frame, RHP_FREE, p, stamp,
	    UNLIKELY(t->free_stacks)
		    ? stack_of(t, function, frame)
		    : rhp_stack_caller(&t->stacks, &t->stream, frame, function),
	    size, NULL);
}

void rhp_record_realloc_begin(const void *p)
{
	struct rhp_tracker *t = rhp_tracker_get();
	rhp_thread.resizing = 0;
	if (UNLIKELY(!t))
		return;
	rhp_thread.resizing = t->generation;
	uint64_t stamp = rhp_stamp_take((uintptr_t)p);
	put(t, RHP_FRAME_HERE, RHP_REALLOC_BEGIN, p, stamp, 0, 0, NULL);
}

/*
 * What became of a block, and the address whose stamp says so. realloc(p, 0) frees p
 * and returns NULL in glibc; elsewhere it returns a block. A new block that is not of
 * the sample is nothing but the end of the old one.
 */
struct outcome {
	enum rhp_code code;
	const void *block;
};

/* The end of a realloc belongs to its beginning: in another trace a block that came out
 * of it is new, and one that did not is none of its business. */
static ALWAYS_INLINE bool is_of_this_trace(const struct rhp_tracker *t, struct outcome *o)
{
	if (LIKELY(rhp_thread.resizing == t->generation))
		return true;
	if (o->code != RHP_REALLOC_END)
		return false;
	o->code = RHP_ALLOC;
	return true;
}

static ALWAYS_INLINE struct outcome outcome_of(const void *p, const void *q, size_t size,
					       bool recorded)
{
	if (q)
		return recorded ? (struct outcome){RHP_REALLOC_END, q}
				: (struct outcome){RHP_REALLOC_FREE, p};
	return (struct outcome){size == 0 ? RHP_REALLOC_FREE : RHP_REALLOC_FAIL, p};
}

void rhp_record_told(const struct rhp_stream_family *f, enum rhp_function function,
		     const void *frame, enum rhp_code code, const void *p, size_t size)
{
	struct rhp_tracker *t = rhp_tracker_get();
	if (code == RHP_REALLOC_BEGIN)
		rhp_thread.resizing = t ? t->generation : 0;
	if (!t)
		return;
	uint64_t stamp = rhp_stamp_take((uintptr_t)p);
	uint32_t node =
		code == RHP_REALLOC_BEGIN ? 0
		: code == RHP_FREE && !t->free_stacks
			? rhp_stack_caller(&t->stacks, &t->stream, frame, function)
			: stack_of(t, function, frame);
	put(t, frame, code, p, stamp, node, size, f);
}

static ALWAYS_INLINE void end_realloc(const struct rhp_stream_family *f,
				      enum rhp_function function, const void *frame,
				      const void *p, const void *q, size_t size)
{
	struct outcome o = outcome_of(p, q, size, !q || rhp_sample_allocated(q, size));
	if (o.code == RHP_REALLOC_FAIL)
		rhp_sample_again(p);
	struct rhp_tracker *t = rhp_tracker_again();
	if (UNLIKELY(!t))
		return;
	if (UNLIKELY(!is_of_this_trace(t, &o))) {
		rhp_tracker_done(t);
		return;
	}
	uint64_t stamp = rhp_stamp_take((uintptr_t)o.block);
	put(t, frame, o.code, o.block, stamp, stack_of(t, function, frame), size, f);
}

void rhp_record_realloc_end(enum rhp_function function, const void *frame, const void *p,
			    const void *q, size_t size)
{
	end_realloc(NULL, function, frame, p, q, size);
}

void rhp_record_realloc_end_told(const struct rhp_stream_family *f,
				 enum rhp_function function, const void *frame,
				 const void *p, const void *q, size_t size)
{
	end_realloc(f, function, frame, p, q, size);
}

void rhp_record_realloc_followed(const void *p, const void *q, size_t size)
{
	struct outcome o = outcome_of(p, q, size, true);
	if (o.code != RHP_REALLOC_FREE)
		rhp_sample_again(o.block);
	struct rhp_tracker *t = rhp_tracker_again();
	if (UNLIKELY(!t))
		return;
	/* What a library resizes is followed only where it began. */
	if (UNLIKELY(rhp_thread.resizing != t->generation)) {
		rhp_tracker_done(t);
		return;
	}
	uint64_t stamp = rhp_stamp_take((uintptr_t)o.block);
	put(t, RHP_FRAME_HERE, o.code, o.block, stamp, 0, size, NULL);
}

static bool mark(struct rhp_tracker *t, const char *text)
{
	if (!t)
		return false;
	struct rhp_stream_text part = {text, strnlen(text, MAX_MARK)};
	bool ok = rhp_stream_blob(&t->stream, RHP_BLOB_MARK, rhp_thread.number,
				  rhp_stream_moment(), &part, 1);
	rhp_tracker_done(t);
	return ok;
}

void rhp_record_resident(void)
{
	struct rhp_tracker *t = rhp_tracker_get_shared();
	if (!t)
		return;
	rhp_stream_resident(&t->stream);
	rhp_tracker_done(t);
}

bool rhp_record_mark(const char *text)
{
	return mark(rhp_tracker_get(), text);
}

bool rhp_record_mark_from_outside(const char *text)
{
	return mark(rhp_tracker_get_shared(), text);
}
