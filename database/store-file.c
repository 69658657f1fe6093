// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "common/cli.h"
#include "common/lock.h"
#include "common/unfinished.h"

#include "database/store-file.h"

#define PATIENCE_MS 60000 /* with those who read it */
/* Rolls an interrupted transaction back or completes it; what is left of that is gone. */
#define RECOVERY "PRAGMA journal_mode = DELETE; SELECT count(*) FROM runs"

/* Of the database that is replaced or added to. */
static struct lock lock = {.fd = -1};

/* SQLite would apply a journal or log beside the database to ours, which is another. */
static void check_companions(const char *path, bool exists)
{
	static const char *const suffixes[] = {"-journal", "-wal"};
	struct stat status;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		char *name = NULL;

		if (asprintf(&name, "%s%s", path, suffixes[i]) < 0)
			die("create %s: out of memory", path);
		if (lstat(name, &status) == 0 && exists)
			die("write %s: %s exists, so another program is changing the "
			    "database or was interrupted. Let that program finish; if "
			    "there is none, sqlite3 recovers the database with '" RECOVERY
			    "'. Do not remove %s: what is in it would be lost",
			    path, name, name);
		if (lstat(name, &status) == 0)
			die("create %s: %s is of a database that had this name, which it "
			    "may complete; name another file",
			    path, name);
		free(name);
	}
}

/* Only what is a database, or nothing yet, is replaced: never a trace or a source
 * file whose name was given by mistake. */
static void check_replaced(const char *path)
{
	static const char magic[] = "SQLite format 3";
	char head[sizeof(magic)] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		die("replace %s:", path);
	n = read(fd, head, sizeof(head));
	close(fd);
	if (n != 0 && memcmp(head, magic, sizeof(magic)) != 0)
		die("replace %s: it is not a database; name another file", path);
}

static void check_path(const char *path, enum store_mode mode)
{
	struct stat status;
	bool exists;

	if (path[0] == 0)
		die("create the database: its name is empty");
	exists = lstat(path, &status) == 0;
	if (exists) {
		if (S_ISDIR(status.st_mode))
			die("create %s: it is a directory", path);
		if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode))
			die("create %s: it exists and is not a regular file", path);
		if (mode == STORE_NEW)
			die("create %s: it exists; replace it with --force, or add to it "
			    "with --append",
			    path);
		check_replaced(path);
	} else if (mode == STORE_APPEND) {
		die("append to %s:", path);
	}
	check_companions(path, exists);
}

/* A copy that shares blocks with the original, where the file system can. */
static void copy_file(const char *path, int to)
{
	int from = open(path, O_RDONLY | O_CLOEXEC);
	char buffer[65536];
	ssize_t n;

	if (from < 0)
		die("open %s:", path);
	if (ioctl(to, FICLONE, from) == 0) {
		close(from);
		return;
	}
	while ((n = read(from, buffer, sizeof(buffer))) > 0) {
		for (ssize_t done = 0, put; done < n; done += put) {
			put = write(to, buffer + done, (size_t)(n - done));
			if (put < 0)
				die("copy %s:", path);
		}
	}
	if (n < 0)
		die("read %s:", path);
	close(from);
}

const char *store_file_begin(const char *path, enum store_mode mode)
{
	int fd, error;

	check_path(path, mode);
	if (mode == STORE_APPEND || access(path, F_OK) == 0) {
		error = lock_take(&lock, path);
		errno = -error;
		if (error)
			die("lock %s:", path);
		check_path(path, mode); /* as it is now, after who had the lock */
	}
	fd = unfinished_create(path);
	if (fd < 0)
		die("create %s:", path);
	if (mode == STORE_APPEND)
		copy_file(path, fd);
	close(fd);
	return unfinished_name();
}

/* Give a new file the owner and the permissions of the old one. Returns false if only the
 * old file itself can have them, or has other names, too. */
static bool is_replaceable(int fd, const char *path)
{
	const struct stat *old = &lock.status;
	struct stat now;

	if (fstat(fd, &now) != 0)
		die("append to %s:", path);
	if (old->st_nlink > 1)
		return false;
	if ((old->st_uid != now.st_uid || old->st_gid != now.st_gid) &&
	    fchown(fd, old->st_uid, old->st_gid) != 0)
		return false;
	if (fchmod(fd, old->st_mode & 0777) != 0)
		die("change the permissions of %s:", path);
	return true;
}

/* The old file takes what the new one has, in one transaction. */
static void write_back(const char *path)
{
	sqlite3 *from = NULL, *to = NULL;
	sqlite3_backup *backup = NULL;
	int result;

	result = sqlite3_open_v2(unfinished_name(), &from, SQLITE_OPEN_READONLY, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE, NULL);
	if (result != SQLITE_OK)
		die("append to %s: %s", path, sqlite3_errstr(result));
	sqlite3_busy_timeout(to, PATIENCE_MS);
	backup = sqlite3_backup_init(to, "main", from, "main");
	if (!backup || sqlite3_backup_step(backup, -1) != SQLITE_DONE ||
	    sqlite3_backup_finish(backup) != SQLITE_OK)
		die("append to %s: %s", path, sqlite3_errmsg(to));
	if (sqlite3_close(to) != SQLITE_OK || sqlite3_close(from) != SQLITE_OK)
		die("append to %s: it is still in use", path);
	unfinished_drop();
}

void store_file_finish(const char *path, enum store_mode mode)
{
	int fd = open(unfinished_name(), O_RDWR | O_CLOEXEC);
	bool is_back = false;

	if (fd < 0 || fsync(fd) != 0)
		die("write %s to disk:", path);
	if (mode == STORE_APPEND) {
		if (lock_is_changed(&lock, path))
			die("append to %s: another program changed it meanwhile, and "
			    "nothing was added; append again",
			    path);
		check_companions(path, true);
		is_back = !is_replaceable(fd, path);
	}
	if (close(fd) != 0)
		die("write %s to disk:", path);
	if (is_back)
		write_back(path);
	else if (unfinished_finish(path, mode != STORE_NEW) != 0)
		die("rename the finished database to %s:", path);
	lock_release(&lock);
}
