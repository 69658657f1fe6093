/* SPDX-License-Identifier: MIT */
/* The process that is asked: whether it listens, and to which signal. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct target {
	pid_t pid;
	int signal;
	uid_t uid; /* effective ones of the process */
	gid_t gid;
	char name[64];
};

/* Finds out about the process, or dies: there is none, it cannot be looked at, it does
 * not listen, or no longer. */
void target_find(struct target *target, pid_t pid);
