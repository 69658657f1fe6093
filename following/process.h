/* SPDX-License-Identifier: MIT */
/*
 * Looks at a traced process through /proc: which trace it writes, and whether it still
 * does. The process is neither stopped nor signalled.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/*
 * Return the path of the trace that a process has mapped, for the caller to free. Dies if
 * there is no such process, no permission to look at it, or no trace.
 */
char *process_find_trace(pid_t pid);

/* Return whether a process has a file mapped; where that cannot be seen, whether the
 * process exists. */
bool process_writes(pid_t pid, const char *path);
