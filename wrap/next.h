/* SPDX-License-Identifier: MIT */
/*
 * The functions that the shims of this link call as the real ones. At first those are
 * what the linker found: the executable's exported functions, if it has any. Once one of
 * these has been called, the shims call what lies behind them directly.
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
