// SPDX-License-Identifier: MIT
#include <errno.h>
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
	char path[4096 + 16];

	/* What runs, and which process: a program that runs others gives several */
	snprintf(path, sizeof(path), "%s/%%e.%%p.bin", directory);
	if (setenv("RHEAPER_TRACE", path, 1) != 0 ||
	    (options->scan && setenv("RHEAPER_LEAK_SCAN", "1", 0) != 0) ||
	    (options->children && setenv("RHEAPER_FOLLOW_FORK", "1", 0) != 0))
		die("run the program:");
}

static _Noreturn void become_program(char **words, const char *directory,
				     const struct run_options *options)
{
	int error;

	set_environment(directory, options);
	execvp(words[0], words);
	error = errno;
	warn("run %s:", words[0]);
	_exit(error == ENOENT ? NOT_FOUND : CANNOT_EXECUTE);
}

/* The program gets signals of the terminal as without us. */
static void begin_waiting(void)
{
	struct sigaction action = {.sa_handler = pass_on, .sa_flags = SA_RESTART};

	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static void end_waiting(void)
{
	program = 0;
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
}

int run_program(char **words, const char *directory, const struct run_options *options)
{
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child < 0)
		die("run %s:", words[0]);
	if (child == 0)
		become_program(words, directory, options);
	program = child;
	begin_waiting();
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			die("wait for %s:", words[0]);
	}
	end_waiting();
	return WIFEXITED(status) ? WEXITSTATUS(status) : KILLED + WTERMSIG(status);
}
