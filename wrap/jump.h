/* SPDX-License-Identifier: MIT */
/*
 * A jump may leave a real function for good: a handler that interrupted malloc jumps
 * away. Nobody would clear the guard then, so the shims of the jumps do.
 * rhp_place_alive() finds out, as far as it can tell, that a shared library has jumped.
 */
#pragma once

#include "wrap/wrap.h"

#define FORWARD_JUMP(name)                                                               \
	SHIM __attribute__((noreturn)) void __wrap_##name(struct __jmp_buf_tag *to,      \
							  int value)                     \
	{                                                                                \
		rhp_place_clear(&RHP_THREAD.guard);                                      \
		__real_##name(to, value);                                                \
		__builtin_unreachable();                                                 \
	}
