/* SPDX-License-Identifier: MIT */
/*
 * Threads and children, for the scan for leaks. As in os.h: raw system calls, errno left
 * alone, results >= 0 or -errno.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/cc.h"

HIDDEN uint64_t rhp_os_page_size(void);
HIDDEN int rhp_os_open(const char *path); /* to be read */

/* A mapping of zeros that children share; NULL if refused. */
HIDDEN void *rhp_os_share(size_t size);

/*
 * A child with a copy of this memory, of which the program hears nothing: it sends no
 * signal, and no wait of the program's finds it. 0 in the child, which must not return
 * from its caller, dies with the calling thread, and dumps no core. Signals blocked.
 */
HIDDEN int rhp_os_split(void);
HIDDEN void rhp_os_leave(void) __attribute__((noreturn));

/* Until that child has ended: 0 if it did so by rhp_os_leave(). */
HIDDEN int rhp_os_wait_for(int pid);

/* Calls take() for each thread of this process but the calling one, until it is false. */
HIDDEN void rhp_os_threads(bool (*take)(void *context, int tid), void *context);

/*
 * Where a thread of this process is blocked in the kernel: its stack pointer, 0 if it is
 * not, or cannot be asked. `buffers` gets the addresses of memory that it gave to the
 * system call, or zeros.
 */
#define RHP_OS_BUFFERS 6
HIDDEN uintptr_t rhp_os_blocked_at(int tid, uintptr_t buffers[RHP_OS_BUFFERS]);

/* A number that differs once the thread has run; 0: unknown. */
HIDDEN uint64_t rhp_os_ran(int tid);
