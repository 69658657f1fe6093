/* SPDX-License-Identifier: MIT */
/*
 * A trace on a file system that is in memory (tmpfs: /dev/shm, and /tmp of many systems)
 * counts as memory of the program. Where a control group limits that, as in a container,
 * a program may be killed traced that lives untraced.
 */
#pragma once

#include "runtime/cc.h"

/* Says so on standard error, once a process, if the trace `fd`, whose path is given, is
 * in memory that is limited. Reads /proc and /sys. */
HIDDEN void rhp_memory_limit_complain(int fd, const char *path);
