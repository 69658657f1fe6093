/* SPDX-License-Identifier: MIT */
/*
 * The one door from the runtime to the kernel. Every call is made through
 * syscall(2), never through a libc wrapper: open, write and fallocate of libc
 * are cancellation points and would unwind a thread out of malloc. All
 * functions are async-signal-safe, allocate nothing, and leave errno alone.
 * Results are >= 0, or -errno.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/cc.h"

/* A mapping of `size` zero bytes, private to this process; NULL if refused. */
HIDDEN void *rhp_os_alloc(size_t size);
HIDDEN void rhp_os_release(void *start, size_t size);
/* Gives back the memory of whole pages inside of it; they read as zeros. */
HIDDEN void rhp_os_discard(void *start, size_t size);
/* Zeroes it all, and gives back what it can. */
HIDDEN void rhp_os_zero(void *start, size_t size);

/* What comes after the last slash. */
HIDDEN char *rhp_os_last_name(char *path);

/* Opens the directory in which that is, whatever becomes of its own name; -errno. The
 * path is as before afterwards. */
HIDDEN int rhp_os_open_directory(char *path);

/*
 * Creates a file that must not exist (O_EXCL, no symbolic link followed, mode
 * 0600) and returns a close-on-exec descriptor above the ones that programs
 * count on (512 where the limit allows, never 0-2).
 */
HIDDEN int rhp_os_create(int directory, const char *name);
HIDDEN void rhp_os_close(int fd);
HIDDEN void rhp_os_remove(int directory, const char *name);

/* Whether that is a regular file or a symbolic link, not a device or directory. */
HIDDEN bool rhp_os_is_file(int directory, const char *name);

/*
 * Makes [offset, offset + size) of the file real, so that a store to a mapping
 * of it cannot fault on a full disk: fallocate, or zeros written where the
 * file system has no such call. Never raises SIGXFSZ.
 */
HIDDEN int rhp_os_reserve(int fd, uint64_t offset, size_t size);
/* The same without the second way: for what is to be written anyway, and is written
 * faster where the file system has given it room in one go. */
HIDDEN int rhp_os_reserve_ahead(int fd, uint64_t offset, uint64_t size);

/* Shared, in the place of what is mapped at `at`, or anywhere (NULL); NULL: refused. */
HIDDEN void *rhp_os_map_file(void *at, int fd, uint64_t offset, size_t size);

/* Puts a page of zeros, private to this process, in the place of the page of `address`;
 * where it begins, NULL if refused. */
HIDDEN void *rhp_os_replace_page(uintptr_t address);

/* Writes two buffers one after the other at `offset`, whole or not (-errno).
 * Never raises SIGXFSZ: signals must be blocked by the caller. */
HIDDEN int rhp_os_write(int fd, uint64_t offset, const void *head, size_t head_size,
			const void *body, size_t body_size);

/*
 * Maps, shared, what descriptor `fd` of another process refers to: an anonymous file that
 * is sealed against shrinking, has at least `size` bytes, and belongs to this process's
 * user. NULL for anything else.
 */
HIDDEN void *rhp_os_map_of(int pid, int fd, size_t size);

/* A mapping of nothing, whose name others see in /proc/PID/maps. */
HIDDEN void rhp_os_show(const char *name);

/* Reads `size` bytes, all of them: 0 or -errno. */
HIDDEN int rhp_os_read(int fd, uint64_t offset, void *bytes, size_t size);

/* Up to size - 1 bytes of a file, NUL-terminated; the length. */
HIDDEN ssize_t rhp_os_read_file(const char *path, char *buffer, size_t size);
HIDDEN ssize_t rhp_os_read_link(const char *path, char *buffer, size_t size);

/* Device and inode of a descriptor: tells whether it is still our file. */
HIDDEN int rhp_os_file_id(int fd, uint64_t id[2]);

HIDDEN int rhp_os_pid(void);
HIDDEN int rhp_os_parent_pid(void);

/* The machine's name, "" if there is none. */
#define RHP_OS_HOST_SIZE 65
HIDDEN void rhp_os_host(char host[RHP_OS_HOST_SIZE]);
HIDDEN int rhp_os_tid(void);
HIDDEN bool rhp_os_thread_is_gone(int pid, int tid);

/* What a thread of this process is called, the calling one if tid is 0; "": unknown. */
#define RHP_OS_NAME_SIZE 16
HIDDEN void rhp_os_thread_name(int tid, char name[RHP_OS_NAME_SIZE]);
HIDDEN uint64_t rhp_os_realtime_ns(void);

/*
 * The clock of the trace. Where the kernel itself keeps time by the processor's
 * counter (its clock source is `tsc`: constant, never stopped, the same on all
 * processors), that is read directly; elsewhere CLOCK_MONOTONIC through the vDSO.
 */
HIDDEN void rhp_os_choose_clock(void);
HIDDEN uint64_t rhp_os_monotonic_ns(void);
extern HIDDEN uint32_t rhp_os_reads_counter;

static ALWAYS_INLINE uint64_t rhp_os_ticks(void)
{
#if defined(__x86_64__) || defined(__i386__)
	if (LIKELY(rhp_os_reads_counter))
		return __builtin_ia32_rdtsc();
#endif
	return rhp_os_monotonic_ns();
}

/* One instant on both clocks. */
struct rhp_instant {
	uint64_t ticks, ns; /* of CLOCK_MONOTONIC */
};
HIDDEN struct rhp_instant rhp_os_instant(void);

/* True if the 8 bytes at an aligned address can be read, whatever it is. */
HIDDEN bool rhp_os_readable(uintptr_t address);

/* Blocks every signal of this thread, but those that never are; `saved` gets the old
 * mask. */
HIDDEN void rhp_os_block_signals(uint64_t *saved);
HIDDEN void rhp_os_restore_signals(uint64_t saved);

/* From now on no mask of ours has this signal; what such a mask has. */
HIDDEN uint64_t rhp_os_never_block(int signal);
HIDDEN void rhp_os_unblock(int signal);

/* Sends a signal that came to this thread to it once more: a siginfo_t. */
HIDDEN void rhp_os_raise_again(int signal, void *info);

/* One line on standard error, in one write. */
HIDDEN void rhp_os_complain(const char *line, size_t length);

/* Zeroes the page in the child of any kind of fork; 0 or -errno. */
HIDDEN int rhp_os_wipe_on_fork(void *page, size_t size);

/*
 * What the other threads of this process stored before, we see from now on, and they
 * see what we stored: as if each had met a barrier here. Prepared once. The other half
 * of an asymmetric pair, whose first half is a fence for the compiler alone.
 */
HIDDEN void rhp_os_barrier_prepare(void);
HIDDEN void rhp_os_barrier(void);

/* Waits for another thread, in a loop that counts its rounds: yields at first, then
 * sleeps, 50 us and at last a millisecond. */
#define RHP_OS_SHORT_WAITS 1000
HIDDEN void rhp_os_wait(unsigned round);

/*
 * A lock for the slow paths: held with all signals blocked, so that no handler
 * of the same thread can want it; waiters yield. Not recursive. What was held when a
 * child was forked is free in the child, once that has a number of its own.
 */
struct rhp_lock {
	uint32_t held; /* by a process of this number, 0: free */
	uint64_t signals;
};
HIDDEN void rhp_lock_take(struct rhp_lock *lock);
HIDDEN void rhp_lock_drop(struct rhp_lock *lock);

/* How many forks lie between the first process of the runtime and this one, and 1: those
 * that the runtime follows. */
extern HIDDEN uint32_t rhp_os_process;
