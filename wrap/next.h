/* SPDX-License-Identifier: MIT */
/*
 * What the shims of this link have behind them: the functions that the linker found
 * (the executable's exported ones, if it has any), and once those have been called,
 * what they have behind them.
 */
#pragma once

#include "wrap/wrap.h"

#define RHP_NEXT_FUNCTIONS                                                               \
	FUNCTION(malloc)                                                                 \
	FUNCTION(calloc)                                                                 \
	FUNCTION(realloc)                                                                \
	FUNCTION(reallocarray)                                                           \
	FUNCTION(free)                                                                   \
	FUNCTION(aligned_alloc)                                                          \
	FUNCTION(posix_memalign)                                                         \
	FUNCTION(memalign)                                                               \
	FUNCTION(pvalloc)                                                                \
	FUNCTION(valloc)

struct rhp_next {
#define FUNCTION(name) __typeof__(__real_##name) *name;
	RHP_NEXT_FUNCTIONS
#undef FUNCTION
};

extern HIDDEN struct rhp_next rhp_next;
