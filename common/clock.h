/* SPDX-License-Identifier: MIT */
/* The monotonic clock, which never goes back when somebody sets the time of day. */
#pragma once

#include <stdint.h>
#include <time.h>

/* Return nanoseconds since an arbitrary time in the past. */
static inline int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* The same in seconds. */
static inline double clock_seconds(void)
{
	return (double)clock_ns() * 1e-9;
}

/* Return the time in so many milliseconds from now, on this clock. */
static inline struct timespec clock_after_ms(int64_t milliseconds)
{
	int64_t ns = clock_ns() + milliseconds * 1000000;

	return (struct timespec){.tv_sec = (time_t)(ns / 1000000000),
				 .tv_nsec = (long)(ns % 1000000000)};
}
