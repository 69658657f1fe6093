// SPDX-License-Identifier: MIT
/*
 * The lock is on the file itself, so nothing is left beside it. Whoever had to wait holds
 * the lock of a file that was replaced meanwhile, and looks again what has the name.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "common/cli.h"

#include "common/lock.h"

#define PATIENCE_MS 1000 /* before a word is said */
#define PAUSE_MS 20

/* NFS locks only what may be written. */
static int open_file(const char *path)
{
	int flags = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd = open(path, O_RDWR | flags);

	if (fd < 0 && errno != ENOENT)
		fd = open(path, O_RDONLY | flags);
	return fd < 0 ? -errno : fd;
}

/* Whether the lock was had at once or within the time in which nothing is said. */
static bool try_for_a_moment(int fd)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000};

	for (int waited = 0; waited < PATIENCE_MS; waited += PAUSE_MS) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		nanosleep(&pause, NULL);
	}
	errno = EWOULDBLOCK;
	return false;
}

static void wait_for_turn(int fd, const char *path, bool *said)
{
	if (try_for_a_moment(fd) || errno != EWOULDBLOCK)
		return;
	if (!*said)
		warn("%s: waiting for another program that is changing it", path);
	*said = true;
	while (flock(fd, LOCK_EX) != 0 && errno == EINTR)
		;
}

/* Whether the file was replaced or changed, or is gone; -errno if nobody can tell, which
 * it would not help to ask again. */
static int find_change(const struct lock *lock, const char *path)
{
	const struct stat *before = &lock->status;
	struct stat now;

	if (stat(path, &now) != 0)
		return errno == ENOENT ? 1 : -errno;
	return now.st_dev != before->st_dev || now.st_ino != before->st_ino ||
	       now.st_size != before->st_size ||
	       now.st_mtim.tv_sec != before->st_mtim.tv_sec ||
	       now.st_mtim.tv_nsec != before->st_mtim.tv_nsec;
}

int lock_take(struct lock *lock, const char *path)
{
	bool said = false;
	int change;

	for (;;) {
		lock->fd = open_file(path);
		if (lock->fd < 0)
			return lock->fd;
		wait_for_turn(lock->fd, path, &said);
		if (fstat(lock->fd, &lock->status) != 0)
			die("lock %s:", path);
		change = find_change(lock, path);
		if (change == 0)
			return 0;
		lock_release(lock);
		if (change < 0)
			return change;
	}
}

bool lock_is_changed(const struct lock *lock, const char *path)
{
	return find_change(lock, path) != 0;
}

void lock_release(struct lock *lock)
{
	if (lock->fd >= 0)
		close(lock->fd);
	lock->fd = -1;
}
