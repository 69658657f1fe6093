/* SPDX-License-Identifier: MIT */
/*
 * A jump may leave a real function for good: a handler that interrupted malloc
 * does it. The guard is then nobody's. Jumps made by shared libraries are found
 * out by rhp_place_alive(), as far as that can tell.
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
