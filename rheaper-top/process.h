/* SPDX-License-Identifier: MIT */
/*
 * The traced process, as /proc shows it: which trace it writes, and whether it does so
 * still. Nothing is sent to it and nothing of it is stopped.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/*
 * The path of the trace that a process has mapped, for the caller to free. Dies if there
 * is no such process, no permission, or no trace.
 */
char *process_find_trace(pid_t pid);

/* Whether the process has the file mapped; if that cannot be seen, whether there is such
 * a process. */
bool process_writes(pid_t pid, const char *path);
