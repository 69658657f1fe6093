/* SPDX-License-Identifier: MIT */
/* A live runtime in a test: a trace in a directory of its own. */
#pragma once

#include <stdint.h>

#include "contract/format.h"
#include "runtime/settings.h"

struct rhp_stream;

/* cmocka group set-up and tear-down: opens a trace with small windows. */
int runtime_fixture_open(void **state);
int runtime_fixture_close(void **state);

/* The settings of the open trace; path is the file. */
const struct rhp_settings *runtime_fixture_settings(void);

/* The i-th record of the stream's window, unpacked, of an event its first unit; zeros if
 * it has no more. All of them must be whole. */
struct rhp_record runtime_fixture_record(const struct rhp_stream *s, uint32_t i);

/* The latest of them that `wanted` accepts, until the next call, or NULL. */
const struct rhp_record *
runtime_fixture_find(const struct rhp_stream *s,
		     int (*wanted)(const struct rhp_record *, uint64_t), uint64_t arg);

/* The return addresses of a CALL node, innermost first, and the node's flags;
 * how many. Reads them back from the records in the window. */
unsigned runtime_fixture_frames(const struct rhp_stream *s, uint32_t node,
				uintptr_t *frames, unsigned most, uint32_t *flags);
