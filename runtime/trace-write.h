/* SPDX-License-Identifier: MIT */
/*
 * How records get into the trace: through a window that is mapped, and from there, when
 * it is full, as a chunk to the end of the file. In a ring whose file may not grow any
 * more the oldest chunk makes room.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/format.h"
#include "runtime/cc.h"

/*
 * Makes a fresh region, reserved on the disk and mapped, and returns its header; *units
 * is the room for records, which ends there. NULL if that failed, and the trace ends
 * then, with the reason in its head. A stream has one at a time.
 */
HIDDEN struct rhp_region *rhp_trace_map_window(uint16_t stream, uint64_t **units);
HIDDEN void rhp_trace_unmap_window(struct rhp_region *window);

/* Whether a window is mapped at this address. Async-signal-safe. */
HIDDEN bool rhp_trace_in_window(uintptr_t address);

/* Writes one full window as a chunk: all of its room for records, `used` bytes of which
 * are records. Signals must be blocked. If it fails the trace ends, with the reason in
 * its head. */
HIDDEN bool rhp_trace_write_chunk(const struct rhp_region *window, const uint64_t *units,
				  size_t used);

/* The same for records of RHP_SCAN_STREAM, from a process that has the head mapped, too.
 * Tracking goes on if it fails: 0 or -errno. */
HIDDEN int rhp_trace_append_scan(uint64_t sequence, const uint64_t *units, size_t used);

/* Counts an event that is lost because rhp_trace_write_chunk() failed. */
HIDDEN void rhp_trace_lose_write(void);
