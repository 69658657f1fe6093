// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cli.h"

#include "common/output.h"

static const int deadly[] = {SIGINT, SIGTERM, SIGHUP};

static struct {
	FILE *file;
	const char *path;      /* NULL: standard output */
	char unfinished[4096]; /* its name until it is whole; "": none */
} output;

static void remove_unfinished(void)
{
	if (output.unfinished[0])
		unlink(output.unfinished);
}

static void on_signal(int number)
{
	remove_unfinished();
	signal(number, SIG_DFL);
	raise(number);
}

static void catch_signals(void)
{
	static bool caught;

	if (caught)
		return;
	caught = true;
	for (size_t i = 0; i < sizeof(deadly) / sizeof(*deadly); i++) {
		if (signal(deadly[i], on_signal) == SIG_IGN)
			signal(deadly[i], SIG_IGN);
	}
	signal(SIGXFSZ, SIG_IGN); /* a write that exceeds the limit then fails */
	atexit(remove_unfinished);
}

void output_die(void)
{
	die("write %s:", output.path ? output.path : "standard output");
}

static int create_unfinished(const char *path)
{
	int length = snprintf(output.unfinished, sizeof(output.unfinished), "%s%s.XXXXXX",
			      path[0] == '/' ? "" : "./", path);
	int fd;

	if (length >= (int)sizeof(output.unfinished)) {
		output.unfinished[0] = 0;
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(output.unfinished, O_CLOEXEC);
	if (fd < 0)
		output.unfinished[0] = 0;
	else
		catch_signals();
	return fd;
}

/* A pipe or a device is written as it is; a file is made anew. */
static int open_path(const char *path, const char *input)
{
	struct stat status, other;

	if (stat(path, &status) != 0)
		return errno == ENOENT ? create_unfinished(path) : -1;
	if (input && stat(input, &other) == 0 && other.st_dev == status.st_dev &&
	    other.st_ino == status.st_ino)
		die("write %s: this is the database itself; name another file", path);
	if (S_ISREG(status.st_mode))
		return create_unfinished(path);
	return open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
}

FILE *output_open(const char *path, const char *input, bool binary)
{
	int fd = STDOUT_FILENO;

	output.path = path;
	if (path)
		fd = open_path(path, input);
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
	if (output.unfinished[0] && fchmod(fileno(output.file), 0666 & ~mask) != 0)
		output_die();
}

void output_finish(void)
{
	if (fflush(output.file) != 0 || ferror(output.file))
		output_die();
	if (!output.path)
		return;
	if (output.unfinished[0] && fsync(fileno(output.file)) != 0)
		output_die();
	if (fclose(output.file) != 0)
		output_die();
	if (output.unfinished[0] && rename(output.unfinished, output.path) != 0)
		output_die();
	output.unfinished[0] = 0;
}
