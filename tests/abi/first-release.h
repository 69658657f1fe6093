/* SPDX-License-Identifier: MIT */
/*
 * The structures and functions of rheaper.h as they were first released. Programs that
 * were compiled with that header run with every later runtime: this file never changes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct first_config {
	uint32_t size;
	uint32_t max_stack_depth;
	uint32_t max_trackers;
	uint32_t tracker_event_buffer_size;
	double sample_rate;
	const char *profile_dir;
	uint64_t sample_bytes;
	uint64_t max_bytes;
	uint32_t ring;
	uint32_t capture;
	uint32_t free_stacks;
	uint32_t reserved;
};

enum first_error {
	FIRST_OK = 0,
	FIRST_ALREADY_ENABLED = 1,
	FIRST_NOT_ENABLED = 2,
	FIRST_BAD_VALUE = 3,
	FIRST_CANNOT_WRITE = 4,
	FIRST_ABSENT = 5,
	FIRST_CANNOT_SCAN = 6
};

struct first_enabled {
	enum first_error error;
	int system_error;
	const char *path;
};

struct first_leaks {
	enum first_error error;
	int system_error;
	uint64_t definitely_lost_blocks, definitely_lost_bytes;
	uint64_t indirectly_lost_blocks, indirectly_lost_bytes;
	uint64_t possibly_lost_blocks, possibly_lost_bytes;
	uint64_t still_reachable_blocks, still_reachable_bytes;
	uint32_t other_threads;
	uint32_t reserved;
};

#ifndef FIRST_LAYOUT_ONLY
extern int rheaper_runtime_is_tracking(void) __attribute__((weak));
extern int rheaper_runtime_mark(const char *text) __attribute__((weak));
extern uint32_t rheaper_runtime_begin(const char *name) __attribute__((weak));
extern void rheaper_runtime_end(uint32_t scope) __attribute__((weak));
extern const char *rheaper_runtime_trace_path(void) __attribute__((weak));
extern const char *rheaper_runtime_version(void) __attribute__((weak));
extern void rheaper_runtime_enable(const struct first_config *config,
				   struct first_enabled *result, size_t size)
	__attribute__((weak));
extern enum first_error rheaper_runtime_disable(void) __attribute__((weak));
extern void rheaper_runtime_leak_check(struct first_leaks *result, size_t size)
	__attribute__((weak));
#endif

#ifdef __cplusplus
}
#endif
