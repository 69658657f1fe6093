/* SPDX-License-Identifier: MIT */
/*
 * The way past the functions that an executable exports, for its own calls: what
 * those would call. NULL where the executable exports none, another's was linked in
 * their place, or they were not called yet.
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
