/* SPDX-License-Identifier: MIT */
/*
 * Functions of libc that hand a block to the caller, in plug-ins. In a host that is not
 * ours we do not see libc's own calls of malloc, so the shim records the block when the
 * function returns. The last argument of a row says how the caller gets the block:
 *
 *   RETURNS(size)        the result, if it is not NULL
 *   STORES(at, ok, size) *at, if `ok`
 *   RESIZES(at, size)    *at, which may have been a block before
 *   NOTHING()            not recorded; docs/reference/limits.md
 *
 * Where the executable exports malloc and records everything, it sees these too.
 */
#pragma once

#include <string.h>

#include "wrap/wrap.h"

static ALWAYS_INLINE bool enter_for_result(const void *frame)
{
	return rhp_enter(frame) &&
	       __atomic_load_n(RHP_RUNTIME(capture), __ATOMIC_RELAXED) !=
		       RHP_CAPTURE_PROCESS;
}

/* Whether the call goes straight through. */
#define PASSES_RETURNS(size) 0
#define PASSES_STORES(at, ok, size) 0
#define PASSES_RESIZES(at, size) 0
#define PASSES_NOTHING() 1

/* What happens before the call; gives the block that was there. */
#define BEFORE_RETURNS(size) no_block()
#define BEFORE_STORES(at, ok, size) no_block()
#define BEFORE_RESIZES(at, size) block_before(*(at), size)
#define BEFORE_NOTHING() no_block()

struct block {
	const void *at;
	size_t size;
	bool begun; /* a realloc of it */
};

static inline struct block no_block(void)
{
	return (struct block){NULL, 0, false};
}

static inline struct block block_before(const void *p, size_t size)
{
	return (struct block){p, size, p && rhp_on_realloc_begin(p)};
}

/* And after it. */
#define AFTER_RETURNS(size)                                                              \
	if (result)                                                                      \
	rhp_on_alloc(function, RHP_FRAME_HERE, (const void *)(uintptr_t)result, size)
#define AFTER_STORES(at, ok, size)                                                       \
	if (ok)                                                                          \
	rhp_on_alloc(function, RHP_FRAME_HERE, *(at), size)
#define AFTER_RESIZES(at, size) block_after(function, RHP_FRAME_HERE, old, *(at), size)
#define AFTER_NOTHING() (void)function

static inline void block_after(enum rhp_function function, const void *frame,
			       struct block old, const void *p, size_t size)
{
	bool same = p == old.at && size == old.size;
	if (old.begun) /* the same as a realloc that failed: the block lives on */
		rhp_on_realloc_end(function, frame, old.at, same ? NULL : p,
				   same ? 1 : size);
	else if (p && !same)
		rhp_on_alloc(function, frame, p, size);
}

#define FORWARD(ret, name, params, args, gives)                                          \
	SHIM ret __wrap_##name params                                                    \
	{                                                                                \
		if (PASSES_##gives || LIKELY(!enter_for_result(RHP_FRAME_HERE)))         \
			return __real_##name args;                                       \
		const enum rhp_function function = RHP_FN_##name;                        \
		__attribute__((unused)) struct block old = BEFORE_##gives;               \
		struct rhp_place before = rhp_real_begin(RHP_FRAME_HERE);                \
		ret result = __real_##name args;                                         \
		rhp_real_end(before);                                                    \
		AFTER_##gives;                                                           \
		return result;                                                           \
	}

#define FORWARD_V(name, vname, last, params, args, gives)                                \
	SHIM int __wrap_##name params                                                    \
	{                                                                                \
		const enum rhp_function function = RHP_FN_##name;                        \
		bool enters = !PASSES_##gives && enter_for_result(RHP_FRAME_HERE);       \
		struct rhp_place before = {0, 0};                                        \
		va_list ap;                                                              \
		va_start(ap, last);                                                      \
		if (enters)                                                              \
			before = rhp_real_begin(RHP_FRAME_HERE);                         \
		int result = __real_##vname args;                                        \
		va_end(ap);                                                              \
		if (!enters)                                                             \
			return result;                                                   \
		rhp_real_end(before);                                                    \
		AFTER_##gives;                                                           \
		return result;                                                           \
	}
