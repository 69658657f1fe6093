/* SPDX-License-Identifier: MIT */
/* The trace file of this process: created once, given out in regions. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/cc.h"
#include "runtime/machine.h"
#include "runtime/settings.h"
#include "trace/format.h"

/* The stamp counters, in the file: rhp_shard() picks one. */
extern HIDDEN char *rhp_trace_shards;

/*
 * Creates the trace as `settings` says and maps its head, in the place of that of
 * the trace before, if there was one. 0 or -errno; a file of that name is never
 * touched: ".1", ".2" ... is tried instead. The path used is left in settings->path.
 */
HIDDEN int rhp_trace_create(struct rhp_settings *settings, uint64_t n_lost_early);

/* Then either it stays, or it is removed again, for its first buffer could not be had:
 * the reason that the file has for it, or `error`. */
HIDDEN void rhp_trace_keep(void);
HIDDEN int rhp_trace_abandon(char *path, int error);

/* Ends the trace that is being written: see rhp_state_end(). The head says why, unless
 * another trace has taken its place. False if none was being written. Async-signal-safe.
 */
HIDDEN bool rhp_trace_stop(enum rhp_trace_state why);

/* Whether there is a trace that was neither closed nor left: it may have ended. */
HIDDEN bool rhp_trace_is_open(void);

/* The descriptor of the trace, -1: none. */
HIDDEN int rhp_trace_fd(void);

/* Nobody writes any more. The head stays mapped. */
HIDDEN void rhp_trace_close(void);

/* The same in a forked child, for which it is the parent's trace: nothing is written. */
HIDDEN void rhp_trace_leave(void);

/* Notes the present instant in the header, which with its first one gives the speed
 * of the clock. Any thread. */
HIDDEN void rhp_trace_note_time(void);

/* Sets header.state. Advisory: events recorded later are still valid. */
HIDDEN void rhp_trace_set_state(enum rhp_trace_state state);

/* Writes one full buffer as a chunk, at the end of the file or, where that may not grow
 * and the trace is a ring, over the oldest chunk; signals must be blocked. On failure
 * tracking stops for good, with the reason in the header. */
HIDDEN bool rhp_trace_write_chunk(const struct rhp_region *window, const void *records,
				  size_t size);

/* The same for records of RHP_SCAN_STREAM, from a process that has the head mapped, too.
 * Tracking goes on if it fails: 0 or -errno. */
HIDDEN int rhp_trace_append_scan(uint64_t sequence, const void *records, size_t size);

/* The head: its counters and its extent change under the reader; NULL: never open. */
HIDDEN const struct rhp_file_header *rhp_trace_header(void);

/* A fresh region, reserved on the disk and mapped; NULL on failure. A stream has one at
 * a time. */
HIDDEN struct rhp_region *rhp_trace_map_window(uint16_t stream);
HIDDEN void rhp_trace_unmap_window(struct rhp_region *window);

/* A store to `address` raised SIGBUS. If that is in a mapping of the trace the store can
 * be made again, to memory, and tracking ends. Async-signal-safe. */
HIDDEN bool rhp_trace_mend(uintptr_t address);

HIDDEN void rhp_trace_lose(enum rhp_loss reason, uint64_t n);

/* An event lost because rhp_trace_write_chunk() failed. */
HIDDEN void rhp_trace_lose_write(void);
HIDDEN uint32_t rhp_trace_new_thread(void); /* a thread number, from 1 */
HIDDEN const char *rhp_trace_executable(void);
HIDDEN int rhp_trace_pid(void);

/* The next stamp of an address; trace/format.h and docs/trace-format.md. */
static ALWAYS_INLINE uint64_t rhp_stamp_take(uintptr_t address)
{
	rhp_u64 *counter =
		(rhp_u64 *)(void *)(rhp_trace_shards +
				    rhp_shard(rhp_untagged(address)) * RHP_SHARD_STRIDE);
	return __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}
