// SPDX-License-Identifier: MIT
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cli.h"

#include "rheaper/tools.h"

static const char *const programs[] = {
	"rheaper-report", "rheaper-diff",  "rheaper-check",  "rheaper-top",
	"rheaper-push",   "rheaper-load",  "rheaper-export", "rheaper-ctl",
	"rheaper-cc",     "rheaper-fleet",
};

#define N_PROGRAMS (sizeof(programs) / sizeof(*programs))
#define PREFIX_LENGTH 8 /* of "rheaper-" */

const char *tools_find(const char *command)
{
	for (size_t i = 0; i < N_PROGRAMS; i++) {
		if (strcmp(programs[i] + PREFIX_LENGTH, command) == 0)
			return programs[i];
	}
	return NULL;
}

/* As installed they are in one folder; in a build each is in one of its own. */
static void exec_beside(char **words)
{
	char self[PATH_MAX], path[2 * PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n <= 0)
		return;
	self[n] = 0;
	slash = strrchr(self, '/');
	if (!slash)
		return;
	*slash = 0;
	snprintf(path, sizeof(path), "%s/%s", self, words[0]);
	execv(path, words);
	snprintf(path, sizeof(path), "%s/../%s/%s", self, words[0], words[0]);
	execv(path, words);
}

_Noreturn void tools_become(char **words)
{
	exec_beside(words);
	execvp(words[0], words);
	die("start %s:", words[0]);
}

int tools_run(char **words, int errors_only)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before[2];
	int status;
	pid_t child;

	fflush(NULL);
	/* Ctrl-C is for the one that runs; we say then what is left */
	sigaction(SIGINT, &ignore, &before[0]);
	sigaction(SIGQUIT, &ignore, &before[1]);
	child = fork();
	if (child < 0)
		die("start %s:", words[0]);
	if (child == 0) {
		sigaction(SIGINT, &before[0], NULL);
		sigaction(SIGQUIT, &before[1], NULL);
		if (errors_only && dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
			die("start %s:", words[0]);
		tools_become(words);
	}
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			die("wait for %s:", words[0]);
	}
	sigaction(SIGINT, &before[0], NULL);
	sigaction(SIGQUIT, &before[1], NULL);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_CANNOT;
}
