/* SPDX-License-Identifier: MIT */
/*
 * For the files os-*.c, the runtime's only ways to the kernel. Each of their functions
 * makes its calls through syscall(2), never through a libc wrapper: open, write and
 * fallocate of libc are cancellation points and would unwind a thread out of malloc. All
 * of them are async-signal-safe, allocate nothing, and leave errno alone: the program
 * must not notice that one of its allocations also wrote to a file. Results are >= 0, or
 * -errno, unless a header says otherwise.
 */
#pragma once

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SIGSET_BYTES 8 /* size of the kernel's sigset_t */

/* A system call as the runtime wants it: -errno, errno untouched. */
#define SYSCALL(...)                                                                     \
	({                                                                               \
		int errno_before = errno;                                                \
		long result_ = syscall(__VA_ARGS__);                                     \
		if (result_ == -1)                                                       \
			result_ = -errno;                                                \
		errno = errno_before;                                                    \
		result_;                                                                 \
	})
