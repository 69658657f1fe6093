// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/unfinished.h"

/* For the signal handler and for exit; "" if there is none. Changed only while the
 * signals are blocked. */
static char unfinished[4096];

/* Another one, that lasts as long as the program. */
static char companion[4096];

static const int deadly[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static void remove_unfinished(void)
{
	if (unfinished[0])
		unlink(unfinished);
}

static void remove_companion(void)
{
	if (companion[0])
		unlink(companion);
}

static void on_signal(int number)
{
	remove_unfinished();
	remove_companion();
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
	static bool caught;
	struct sigaction before;

	if (caught)
		return;
	caught = true;
	for (size_t i = 0; i < sizeof(deadly) / sizeof(*deadly); i++) {
		sigaction(deadly[i], NULL, &before);
		if (before.sa_handler != SIG_IGN)
			sigaction(deadly[i], &action, NULL);
	}
	signal(SIGXFSZ, SIG_IGN); /* a write that exceeds the limit then fails */
	atexit(remove_unfinished);
}

int unfinished_create(const char *path)
{
	int fd = -1, error = ENAMETOOLONG;

	catch_signals();
	block_signals(true);
	if (snprintf(unfinished, sizeof(unfinished), "%s%s.XXXXXX",
		     path[0] == '/' ? "" : "./", path) < (int)sizeof(unfinished)) {
		fd = mkostemp(unfinished, O_CLOEXEC);
		error = errno;
	}
	if (fd < 0)
		unfinished[0] = 0;
	block_signals(false);
	errno = error;
	return fd;
}

const char *unfinished_name(void)
{
	return unfinished;
}

/* A file system that cannot promise that the name is free gets a look before the leap. */
static int rename_to_free(const char *path)
{
	int result = renameat2(AT_FDCWD, unfinished, AT_FDCWD, path, RENAME_NOREPLACE);

	if (result != 0 && (errno == EINVAL || errno == ENOSYS) &&
	    access(path, F_OK) != 0)
		result = rename(unfinished, path);
	return result;
}

int unfinished_finish(const char *path, bool replace)
{
	int result, error;

	block_signals(true);
	result = replace ? rename(unfinished, path) : rename_to_free(path);
	error = errno;
	if (result == 0)
		unfinished[0] = 0;
	block_signals(false);
	errno = error;
	return result;
}

void unfinished_drop(void)
{
	block_signals(true);
	remove_unfinished();
	unfinished[0] = 0;
	block_signals(false);
}

void unfinished_accompany(const char *path)
{
	catch_signals();
	block_signals(true);
	if (snprintf(companion, sizeof(companion), "%s", path) >= (int)sizeof(companion))
		companion[0] = 0;
	block_signals(false);
}
