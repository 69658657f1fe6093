/* SPDX-License-Identifier: MIT */
/*
 * Functions of libc that hand a block to the caller. The shim only says who called; libc
 * then allocates through the malloc that the executable exports (interpose.c), and what
 * it asks for is recorded under the function the program called, from the place where it
 * called it. Where the capture is `link` nothing else of libc's is recorded. Where it is
 * `process` this is done for strdup and the like, which programs call most: the stack
 * then begins in code with frame pointers, which libc has none of.
 */
#pragma once

#include "wrap/wrap.h"

#ifdef RHP_PLUGIN
#include "wrap/libc-results.h"
#else

struct call {
	const void *frame;
	uint32_t function;
};

/* Notes the outermost wrapped function, and returns what was noted before. */
static ALWAYS_INLINE struct call call_begin(enum rhp_function function, const void *frame)
{
	struct call before = {rhp_thread.caller_frame, rhp_thread.caller_function};
	/* A note deeper in the stack than we are was left behind by longjmp. */
	if (!before.frame || before.frame < frame) {
		rhp_thread.caller_frame = frame;
		rhp_thread.caller_function = function;
		before.frame = NULL;
	}
	return before;
}

static ALWAYS_INLINE void call_end(struct call before)
{
	rhp_thread.caller_frame = before.frame;
	rhp_thread.caller_function = before.function;
}

/*
 * A function of fixed arguments that returns something. `gives` is how the caller
 * gets the block, which matters to plug-ins only: libc-results.h.
 */
#define FORWARD(ret, name, params, args, gives)                                          \
	SHIM ret __wrap_##name params                                                    \
	{                                                                                \
		if (LIKELY(rhp_state_now() >= RHP_OFF))                                  \
			return __real_##name args;                                       \
		struct call before = call_begin(RHP_FN_##name, RHP_FRAME_HERE);          \
		ret result = __real_##name args;                                         \
		call_end(before);                                                        \
		return result;                                                           \
	}

/* A function of variable arguments, which calls the real one by its v-form. */
#define FORWARD_V(name, vname, last, params, args, gives)                                \
	SHIM int __wrap_##name params                                                    \
	{                                                                                \
		struct call before = call_begin(RHP_FN_##name, RHP_FRAME_HERE);          \
		va_list ap;                                                              \
		va_start(ap, last);                                                      \
		int result = __real_##vname args;                                        \
		va_end(ap);                                                              \
		call_end(before);                                                        \
		return result;                                                           \
	}
#endif
