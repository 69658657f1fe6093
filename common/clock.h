/* SPDX-License-Identifier: MIT */
/* The monotonic clock: it never goes back, whatever is done to the time of day. */
#pragma once

#include <stdint.h>
#include <time.h>

/* Nanoseconds since some moment in the past. */
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

/* The moment that comes in so many milliseconds, as functions that wait take it. */
static inline struct timespec clock_after_ms(int64_t milliseconds)
{
	int64_t ns = clock_ns() + milliseconds * 1000000;

	return (struct timespec){.tv_sec = (time_t)(ns / 1000000000),
				 .tv_nsec = (long)(ns % 1000000000)};
}
