/* SPDX-License-Identifier: MIT */
/*
 * Turns at a file that is replaced by each program that changes it: who changes it reads
 * it after lock_take, and gives the new file its name before the lock is released, by
 * lock_release or the end of the program.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

struct lock {
	int fd;             /* negative: none is held */
	struct stat status; /* of the file when the lock was taken */
};

/*
 * Lock the file at `path`: wait, and say so after a moment, until no other program has
 * it. It is then the newest one of that name. Where a file system has no locks, nothing
 * is locked, and lock_is_changed tells. Returns 0 or -errno.
 */
int lock_take(struct lock *lock, const char *path);

/* Return whether the file at `path` was replaced or changed since it was locked, or may
 * have been: it cannot be looked at. */
bool lock_is_changed(const struct lock *lock, const char *path);

void lock_release(struct lock *lock);
