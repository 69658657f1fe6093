// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/unfinished.h"

#include "common/output.h"

static struct {
	FILE *file;
	const char *path; /* NULL: standard output */
	bool is_new;      /* a file that has no name until it is whole */
} output;

static struct {
	const char *const *paths;
	size_t n;
} protected;

void output_die(void)
{
	die("write %s:", output.path ? output.path : "standard output");
}

static int create_unfinished(const char *path)
{
	int fd = unfinished_create(path);

	output.is_new = fd >= 0;
	return fd;
}

void output_protect(const char *const *inputs, size_t n)
{
	protected.paths = inputs;
	protected.n = n;
}

static bool is_protected(const struct stat *status)
{
	struct stat other;

	for (size_t i = 0; i < protected.n; i++) {
		if (stat(protected.paths[i], &other) == 0 &&
		    other.st_dev == status->st_dev && other.st_ino == status->st_ino)
			return true;
	}
	return false;
}

/* A pipe or a device is written as it is; a file is made anew. */
static int open_path(const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return errno == ENOENT ? create_unfinished(path) : -1;
	if (is_protected(&status))
		die("write %s: the program reads this file; name another one", path);
	if (S_ISREG(status.st_mode))
		return create_unfinished(path);
	return open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
}

FILE *output_open(const char *path, bool binary)
{
	int fd = STDOUT_FILENO;

	output.path = path;
	if (path)
		fd = open_path(path);
	if (fd < 0)
		output_die();
	if (binary && isatty(fd))
		die("write to the terminal: the format is binary; name a file with -o "
		    "FILE");
	output.file = path ? fdopen(fd, "w") : stdout;
	if (!output.file)
		output_die();
	return output.file;
}

void output_share(void)
{
	mode_t mask = umask(0);

	umask(mask);
	if (output.is_new && fchmod(fileno(output.file), 0666 & ~mask) != 0)
		output_die();
}

void output_finish(void)
{
	if (fflush(output.file) != 0 || ferror(output.file))
		output_die();
	if (!output.path)
		return;
	if (output.is_new && fsync(fileno(output.file)) != 0)
		output_die();
	if (fclose(output.file) != 0)
		output_die();
	if (output.is_new && unfinished_finish(output.path, true) != 0)
		output_die();
	output.is_new = false;
}
