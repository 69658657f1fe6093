/* SPDX-License-Identifier: MIT */
/* For os.c and os-process.c, the runtime's only ways to the kernel. */
#pragma once

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

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
