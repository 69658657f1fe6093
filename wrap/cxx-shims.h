/* SPDX-License-Identifier: MIT */
/*
 * The shims of operator new and delete, under their mangled names; the file
 * that includes this defines NAME(f), REAL(f), and ENTER_ALLOC(), which is rhp_enter() or
 * stricter. Each operator is a kind of
 * its own: what delete frees must have come from new. The real operator may
 * throw, so the guard is given back by a cleanup.
 */

/* Weak: a program that calls an operator, and can do without libgcc_s, shall not need it
 * for this. Where something can throw, it is there; the driver asks for it where that is
 * an archive. */
__asm__(".weak _Unwind_Resume");
#if !defined(__arm__) /* whose assembler does not take it: wrap/meson.build */
__asm__(".weak __gcc_personality_v0");
#endif

static inline void end_real(const struct rhp_place *before)
{
	rhp_real_end(*before);
}

#define GUARDED(call)                                                                    \
	({                                                                               \
		__attribute__((cleanup(end_real), unused)) struct rhp_place before =     \
			rhp_real_begin(RHP_FRAME_HERE);                                  \
		call;                                                                    \
	})

/* rhp_enter_free(), but where the operators are the program's. */
static ALWAYS_INLINE bool enter_delete(const void *frame, const void *p)
{
	return p && rhp_enter(frame) && !rhp_operators_are_replaced() &&
	       rhp_is_recorded(p);
}

#define OPERATOR_NEW(name, params, args)                                                 \
	SHIM void *NAME(name) params                                                     \
	{                                                                                \
		if (LIKELY(!ENTER_ALLOC()) || rhp_operators_are_replaced())              \
			return REAL(name) args;                                          \
		void *p = GUARDED(REAL(name) args);                                      \
		if (p)                                                                   \
			rhp_on_alloc(RHP_FN_##name, RHP_FRAME_HERE, p, size);            \
		return p;                                                                \
	}

#define OPERATOR_DELETE(name, params, args, size)                                        \
	SHIM void NAME(name) params                                                      \
	{                                                                                \
		if (rhp_passes_free(p) || !enter_delete(RHP_FRAME_HERE, p)) {            \
			REAL(name) args;                                                 \
			return;                                                          \
		}                                                                        \
		rhp_on_free(RHP_FN_##name, RHP_FRAME_HERE, p, size);                     \
		GUARDED(REAL(name) args);                                                \
	}

#include "wrap/operator-list.h"
