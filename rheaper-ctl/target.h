/* SPDX-License-Identifier: MIT */
/* Finds out about a process that is to be asked: whether it listens, and to which
 * signal. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct target {
	pid_t pid;
	int signal;
	uid_t uid; /* the effective ones of the process */
	gid_t gid;
	char name[64];
};

/* Fill *target. Dies if there is no such process, it cannot be inspected, or it does not
 * listen. */
void target_find(struct target *target, pid_t pid);
