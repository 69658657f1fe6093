// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cli.h"

#include "rheaper/run.h"

#define CANNOT_EXECUTE 126
#define NOT_FOUND 127
#define KILLED 128

static volatile sig_atomic_t program; /* its process id */

static void pass_on(int number)
{
	if (program > 0)
		kill(program, number);
}

static void set_environment(const char *directory, const struct run_options *options)
{
	char path[2 * PATH_MAX + 16], *to = path;

	for (const char *from = directory; *from && to < path + 2 * PATH_MAX; from++) {
		if (*from == '%') /* a pattern has two for one */
			*to++ = '%';
		*to++ = *from;
	}
	/* What runs, and which process: a program that runs others gives several */
	strcpy(to, "/%e.%p.bin");
	if (setenv("RHEAPER_TRACE", path, 1) != 0 ||
	    setenv("RHEAPER_QUIET", "1", 0) != 0 || /* the report says it all */
	    (options->scan && setenv("RHEAPER_LEAK_SCAN", "1", 0) != 0) ||
	    (options->children && setenv("RHEAPER_FOLLOW_FORK", "1", 0) != 0) ||
	    (options->symbols && setenv("RHEAPER_SYMBOLS", "keep", 0) != 0))
		die("run the program:");
}

/* The program closes `failed` by being there; else a byte comes out of it. */
static _Noreturn void become_program(char **words, const char *directory,
				     const struct run_options *options, int failed)
{
	int error;

	set_environment(directory, options);
	execvp(words[0], words);
	error = errno;
	warn("run %s:", words[0]);
	if (write(failed, "x", 1) != 1)
		warn("run %s:", words[0]);
	_exit(error == ENOENT ? NOT_FOUND : CANNOT_EXECUTE);
}

static const int ours[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};

#define N_OURS (sizeof(ours) / sizeof(*ours))

/* What signals did before, which the program gets back. */
struct signals {
	struct sigaction actions[N_OURS];
	sigset_t mask;
};

/* Before the program begins: it may be interrupted at once. What is passed on waits until
 * its number is known. */
static void begin_waiting(struct signals *before)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction pass = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
	sigset_t passed;

	sigemptyset(&passed);
	sigaddset(&passed, SIGTERM);
	sigaddset(&passed, SIGHUP);
	sigprocmask(SIG_BLOCK, &passed, &before->mask);
	for (size_t i = 0; i < N_OURS; i++)
		sigaction(ours[i], sigismember(&passed, ours[i]) ? &pass : &ignore,
			  &before->actions[i]);
}

static void end_waiting(const struct signals *before)
{
	for (size_t i = 0; i < N_OURS; i++)
		sigaction(ours[i], &before->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

static int wait_for(pid_t child, const char *name)
{
	int status;

	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			die("wait for %s:", name);
	}
	return status;
}

int run_program(char **words, const char *directory, const struct run_options *options,
		bool *is_started)
{
	struct signals before;
	int status, ends[2];
	pid_t child;
	char byte;

	fflush(NULL);
	if (pipe2(ends, O_CLOEXEC) != 0)
		die("run %s:", words[0]);
	begin_waiting(&before);
	child = fork();
	if (child < 0)
		die("run %s:", words[0]);
	if (child == 0) {
		end_waiting(&before);
		become_program(words, directory, options, ends[1]);
	}
	close(ends[1]);
	program = child;
	sigprocmask(SIG_SETMASK, &before.mask, NULL);
	*is_started = read(ends[0], &byte, 1) == 0;
	close(ends[0]);
	status = wait_for(child, words[0]);
	program = 0;
	end_waiting(&before);
	return WIFEXITED(status) ? WEXITSTATUS(status) : KILLED + WTERMSIG(status);
}
