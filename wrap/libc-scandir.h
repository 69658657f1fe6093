/* SPDX-License-Identifier: MIT */
/* The shims of scandir and its like: what they allocate is recorded by nobody but an
 * executable that sees the calls inside them. */
#pragma once

#include "wrap/libc-calls.h"

#define RHP_FILTER(entry) int (*filter)(const struct entry *)
#define RHP_COMPARE(entry) int (*compare)(const struct entry **, const struct entry **)

#define RHP_SCANDIR(name, entry)                                                         \
	FORWARD(int, name,                                                               \
		(const char *path, struct entry ***list, RHP_FILTER(entry),              \
		 RHP_COMPARE(entry)),                                                    \
		(path, list, filter, compare), NOTHING())

#define RHP_SCANDIRAT(name, entry)                                                       \
	FORWARD(int, name,                                                               \
		(int fd, const char *path, struct entry ***list, RHP_FILTER(entry),      \
		 RHP_COMPARE(entry)),                                                    \
		(fd, path, list, filter, compare), NOTHING())
