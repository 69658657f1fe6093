/* SPDX-License-Identifier: MIT */
/*
 * Processes and threads; what os-call.h says holds. A number that the kernel does not
 * tell (a filter of system calls refuses) is 0.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/cc.h"

HIDDEN int rhp_os_pid(void);
HIDDEN int rhp_os_parent_pid(void);
HIDDEN int rhp_os_tid(void);
HIDDEN bool rhp_os_thread_is_gone(int pid, int tid);

/* The bytes that the first thread's stack may grow to; all bits set: there is no limit.
 */
HIDDEN uintptr_t rhp_os_stack_limit(void);

/* The machine's name, "" if it has none. */
#define RHP_OS_HOST_SIZE 65
HIDDEN void rhp_os_host(char host[RHP_OS_HOST_SIZE]);

/* What a thread of this process is called, the calling one if tid is 0; "": unknown. */
#define RHP_OS_NAME_SIZE 16
HIDDEN void rhp_os_thread_name(int tid, char name[RHP_OS_NAME_SIZE]);

/* Where the kernel writes 0 when the calling thread ends: glibc has its number there.
 * 0: the kernel does not say (it was built without CONFIG_CHECKPOINT_RESTORE). */
HIDDEN uintptr_t rhp_os_tid_address(void);

/*
 * Splits off a child with a copy of this memory, of which the program hears nothing: the
 * child sends no signal, and no wait of the program's finds it. Returns the child's
 * number, or 0 in the child, which must not return from its caller, dies with the calling
 * thread, and dumps no core. Signals must be blocked.
 */
HIDDEN int rhp_os_split(void);
HIDDEN void rhp_os_leave(void) __attribute__((noreturn));

/* Waits until that child has ended: 0 if it did so by rhp_os_leave(). */
HIDDEN int rhp_os_wait_for(int pid);

/* Calls take() for each thread of this process but the calling one, until it is false.
 * Returns false if nobody can tell which one that is: /proc is of another namespace of
 * processes, in which they have other numbers. */
HIDDEN bool rhp_os_threads(bool (*take)(void *context, int tid), void *context);

/* How many those are. */
HIDDEN uint32_t rhp_os_count_threads(void);

/*
 * Where a thread of this process is blocked in the kernel: its stack pointer, 0 if it is
 * not, or cannot be asked. `buffers` gets the addresses of memory that it gave to the
 * system call, or zeros.
 */
#define RHP_OS_BUFFERS 6
HIDDEN uintptr_t rhp_os_blocked_at(int tid, uintptr_t buffers[RHP_OS_BUFFERS]);

/* A number that differs once the thread has run; 0: unknown. */
HIDDEN uint64_t rhp_os_ran(int tid);

/* Whether the kernel lets an address be executed, as /proc/self/maps says; false where
 * there is no such file. One thread at a time. */
HIDDEN bool rhp_os_is_code(uintptr_t address);

/* Writes the path of the program, ended with a NUL; its length, 0: nobody can be asked.
 * One thread at a time. */
HIDDEN size_t rhp_os_executable(char *path, size_t size);
