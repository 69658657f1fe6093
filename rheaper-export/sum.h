/* SPDX-License-Identifier: MIT */
/* Sums of what a database says, which may be anything. */
#pragma once

#include <stdint.h>

/* Return a + b, or the end of the range that it is beyond. */
static inline int64_t sum_saturated(int64_t a, int64_t b)
{
	int64_t sum;

	if (!__builtin_add_overflow(a, b, &sum))
		return sum;
	return a < 0 ? INT64_MIN : INT64_MAX;
}
