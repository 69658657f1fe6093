/* SPDX-License-Identifier: MIT */
/*
 * The trace of this process as a whole: its file, the head of that, which is mapped, and
 * the counters in the head. How records get into it: trace-write.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "contract/format.h"
#include "runtime/cc.h"
#include "runtime/machine.h"

/* The stamp counters, in the file: rhp_shard() picks one. */
extern HIDDEN char *rhp_trace_shards;

struct rhp_settings;

/*
 * Creates the trace as `settings` says and maps its head, in the place of the head of
 * the trace before, if there was one. Counts `n_lost_early` events as lost. Puts the path
 * that the file has into settings->path (trace-name.h). Returns 0 or -errno, -EFBIG if
 * settings->max_bytes is too small for any trace. The caller holds the lock of those who
 * switch tracking on and off, and calls one of the next two.
 */
HIDDEN int rhp_trace_create(struct rhp_settings *settings, uint64_t n_lost_early);

/* The trace stays. */
HIDDEN void rhp_trace_keep(void);

/* The trace has no use, because its first window could not be had: removes the file.
 * Returns the reason that the head has for that (-errno), or `error` if it has none. */
HIDDEN int rhp_trace_abandon(char *path, int error);

/* Ends the trace that is being written: see rhp_state_end(). The head says why, unless
 * another trace has taken its place. False if none was being written. Async-signal-safe.
 */
HIDDEN bool rhp_trace_stop(enum rhp_trace_state why);

/* Whether a trace was created that was neither closed, left nor abandoned. Tracking may
 * be off: nothing may be written any more, but windows are mapped. */
HIDDEN bool rhp_trace_is_open(void);

/* The descriptor of the trace, -1 if none is open. */
HIDDEN int rhp_trace_fd(void);

/* Whether the file may be read and written to: 0 or -errno. It is ours still, or could be
 * opened once more, and no page of it was replaced. */
HIDDEN int rhp_trace_check(void);

/* Closes the file, once nobody writes any more. The head stays mapped. */
HIDDEN void rhp_trace_close(void);

/* The same in a forked child, of its parent's trace: writes nothing to that. The head of
 * the next trace says that this is a child. */
HIDDEN void rhp_trace_leave(void);

/* In a forked child, before it leaves: has its parent's trace count it as of this kind.
 * Any thread, any handler. */
HIDDEN void rhp_trace_count_child(enum rhp_child kind);
HIDDEN void rhp_trace_take_back_child(enum rhp_child kind);

/* Notes the present instant in the header, which with its first one gives the speed
 * of the clock. Any thread. */
HIDDEN void rhp_trace_note_time(void);

/* Sets header.state of a trace that goes on; false if it had come to an end before.
 * Advisory: events recorded later are still valid. */
HIDDEN bool rhp_trace_set_state(enum rhp_trace_state state);

/* The same of a program that exits or calls exec, while so many other threads run on. */
HIDDEN bool rhp_trace_set_ended(enum rhp_trace_state state, uint32_t n_threads);

/* exec failed: the trace goes on. */
HIDDEN void rhp_trace_go_on(void);

/* The head of the latest trace, NULL if there was none. Its counters and its extent
 * change under the reader. */
HIDDEN const struct rhp_file_header *rhp_trace_header(void);

/* Counts n events as lost. Any thread, any handler. */
HIDDEN void rhp_trace_lose(enum rhp_loss reason, uint64_t n);

/* The next thread number of this trace, from 1. */
HIDDEN uint32_t rhp_trace_new_thread(void);

/* The path of the program, and the process, that the head names. */
HIDDEN const char *rhp_trace_executable(void);
HIDDEN int rhp_trace_pid(void);

/* Takes the next stamp of an address: contract/format.h and
 * docs/reference/trace-format.md.
 */
static ALWAYS_INLINE uint64_t rhp_stamp_take(uintptr_t address)
{
	rhp_u64 *counter =
		(rhp_u64 *)(void *)(rhp_trace_shards +
				    rhp_shard(rhp_untagged(address)) * RHP_SHARD_STRIDE);
	return __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}
