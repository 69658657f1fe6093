// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cli.h"

#include "database/store-file.h"

/* The unfinished file, for the signal handler and for exit; "" if there is
 * none. Changed only while the signals are blocked. */
static char unfinished[4096];

static const int deadly[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static void remove_unfinished(void)
{
	if (unfinished[0])
		unlink(unfinished);
}

static void on_signal(int number)
{
	remove_unfinished();
	signal(number, SIG_DFL);
	raise(number);
}

static void block_signals(bool block)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(deadly) / sizeof(*deadly); i++)
		sigaddset(&set, deadly[i]);
	sigprocmask(block ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct sigaction before;

	for (size_t i = 0; i < sizeof(deadly) / sizeof(*deadly); i++) {
		sigaction(deadly[i], NULL, &before);
		if (before.sa_handler != SIG_IGN)
			sigaction(deadly[i], &action, NULL);
	}
	signal(SIGXFSZ, SIG_IGN); /* a write that exceeds the limit then fails */
	atexit(remove_unfinished);
}

/* A new file beside the final name. Its own name is no URI and no option. */
static int create_unfinished(const char *path)
{
	static bool caught;
	int fd;

	if (!caught)
		catch_signals();
	caught = true;
	block_signals(true);
	if (snprintf(unfinished, sizeof(unfinished), "%s%s.XXXXXX",
		     path[0] == '/' ? "" : "./", path) >= (int)sizeof(unfinished)) {
		unfinished[0] = 0;
		die("create %s: the name is too long", path);
	}
	fd = mkostemp(unfinished, O_CLOEXEC);
	if (fd < 0) {
		unfinished[0] = 0;
		die("create %s:", path);
	}
	block_signals(false);
	return fd;
}

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
			die("write %s: another program has it open or was interrupted "
			    "(%s exists); close that program, or read the database once "
			    "with sqlite3 to recover it",
			    path, name);
		if (lstat(name, &status) == 0)
			die("create %s: %s is left of another database; remove it", path,
			    name);
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
	int fd;

	check_path(path, mode);
	fd = create_unfinished(path);
	if (mode == STORE_APPEND)
		copy_file(path, fd);
	close(fd);
	return unfinished;
}

/* To the disk, then to the final name. Without --force the name must still be
 * free; a file system that cannot promise that gets a look before the leap. */
void store_file_finish(const char *path, bool replace)
{
	int fd = open(unfinished, O_RDWR | O_CLOEXEC);
	int result;

	if (fd < 0 || fsync(fd) != 0 || close(fd) != 0)
		die("write %s to disk:", path);
	block_signals(true);
	if (replace) {
		result = rename(unfinished, path);
	} else {
		result =
			renameat2(AT_FDCWD, unfinished, AT_FDCWD, path, RENAME_NOREPLACE);
		if (result != 0 && (errno == EINVAL || errno == ENOSYS) &&
		    access(path, F_OK) != 0)
			result = rename(unfinished, path);
	}
	if (result != 0)
		die("rename the finished database to %s:", path);
	unfinished[0] = 0;
	block_signals(false);
}
