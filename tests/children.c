/* SPDX-License-Identifier: MIT */
/*
 * Forks a child for each letter of its argument, one after the other, and does what the
 * capital letters say itself. usage: children LETTERS
 *
 *   n  ends without a call            a  allocates, _exit
 *   l  allocates, exit                e  executes `true`, without an allocation
 *   b  allocates, executes `true`     f  allocates, cannot execute, exit
 *   o  executes by a library          v  the child of a vfork, which executes
 *   X  executes `true`                F  cannot execute; errno says why
 *   D  the child goes on when its parent has ended, and allocates
 *   g  allocates, exit; a child of its own allocates and frees
 *   s  allocates and frees, switches tracking off and on, exit
 *   t  the same, and what it allocated last stays
 *   i  allocates and frees, and loses what its parent holds, exit
 *   q  loses what its parent holds, without a call, exit
 *   u  executes `true` without an environment
 *   c  cannot execute without an environment, exit
 *   y  the child of a vfork, which executes without an environment
 *   p  spawned without an environment; P with it
 *   w  allocates, switches tracking on, allocates and frees, exit
 *   r  allocates, executes this program with R
 *   R  allocates what stays
 */
#include <errno.h>
#include <rheaper.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef WITH_LIBRARY
int execute_elsewhere(const char *path);
#else
static int execute_elsewhere(const char *path)
{
	return execl(path, path, (char *)NULL);
}
#endif

static void *volatile block;
static void *volatile parents;
static char *const words[] = {(char *)"true", NULL};
static char *const nothing[] = {NULL};

/* Each form once, and none of them finds anything. */
static bool cannot_execute(void)
{
	static const char *const missing = "/nowhere/true";
	int n = 0;
	errno = 0;
	n += execve(missing, words, environ) == -1 && errno == ENOENT;
	errno = 0;
	n += execv(missing, words) == -1 && errno == ENOENT;
	errno = 0;
	n += execvp(missing, words) == -1 && errno == ENOENT;
	errno = 0;
	n += execvpe(missing, words, environ) == -1 && errno == ENOENT;
	errno = 0;
	n += execl(missing, "true", "and", "more", (char *)NULL) == -1 && errno == ENOENT;
	errno = 0;
	n += execlp(missing, "true", (char *)NULL) == -1 && errno == ENOENT;
	errno = 0;
	n += execle(missing, "true", (char *)NULL, environ) == -1 && errno == ENOENT;
	errno = 0;
	n += fexecve(-1, words, environ) == -1 && (errno == EBADF || errno == EINVAL);
	return n == 8;
}

static void wait_for(pid_t child)
{
	int status = 0;
	if (waitpid(child, &status, 0) != child || status != 0)
		abort();
}

static void pass(void)
{
	block = malloc(5);
	free(block);
}

static void have_child(void)
{
	pid_t child = fork();
	if (child == 0) {
		pass();
		exit(0);
	}
	wait_for(child);
}

static void live(char what)
{
	if (strchr("albfgrw", what))
		block = malloc(100);
	if (what == 'g')
		have_child();
	if (what == 's' || what == 't') {
		pass();
		rheaper_disable_tracking();
		if (rheaper_enable_tracking(NULL).error != RHEAPER_OK)
			abort();
		pass();
		if (what == 't')
			block = malloc(100);
	}
	if (what == 'i' || what == 'w' || what == 'q')
		parents = NULL;
	if (what == 'i' || what == 'w') {
		if (what == 'w' && rheaper_enable_tracking(NULL).error != RHEAPER_OK)
			abort();
		pass();
	}
	if (what == 'r')
		execl("/proc/self/exe", "children", "R", (char *)NULL);
	if (what == 'f' && !cannot_execute())
		abort();
	if (what == 'c')
		execle("/nowhere/true", "true", (char *)NULL, nothing);
	if (what == 'u')
		execle("/bin/true", "true", (char *)NULL, nothing);
	if (what == 'e')
		execlp("true", "true", (char *)NULL);
	if (what == 'b')
		execvp("true", words);
	if (what == 'o')
		execute_elsewhere("/bin/true");
	if (strchr("lfgstiwqc", what))
		exit(0);
	_exit(what == 'a' || what == 'n' ? 0 : 1);
}

/* Its parent's end closes the pipe. What it printed, the test waits for. */
static void outlive(void)
{
	int ends[2];
	char byte;
	if (pipe(ends) != 0)
		abort();
	if (fork() != 0)
		return;
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 0)
		abort();
	block = malloc(100);
	_exit(write(1, "outlived\n", 9) != 9);
}

static pid_t spawn(char *const *environment)
{
	pid_t child;
	if (posix_spawn(&child, "/bin/true", NULL, NULL, words, environment) != 0 ||
	    posix_spawnp(&child, "/nowhere/true", NULL, NULL, words, nothing) == 0)
		abort();
	return child;
}

static pid_t split_off(char what)
{
	if (what == 'p' || what == 'P')
		return spawn(what == 'p' ? nothing : environ);
	if (what != 'v' && what != 'y')
		return fork();
	pid_t child = vfork();
	if (child == 0) {
		if (what == 'v')
			execv("/bin/true", words);
		execle("/bin/true", "true", (char *)NULL, nothing);
		_exit(1);
	}
	return child;
}

int main(int argc, char **argv)
{
	for (const char *what = argc > 1 ? argv[1] : ""; *what; what++) {
		if (*what == 'X')
			execve("/bin/true", words, environ);
		if (*what == 'F' && !cannot_execute())
			abort();
		if (*what == 'D')
			outlive();
		if (*what == 'R')
			block = malloc(100);
		if (strchr("XFDR", *what))
			continue;
		if (*what == 'i' || *what == 'q')
			parents = malloc(100);
		pid_t child = split_off(*what);
		if (child == 0)
			live(*what);
		wait_for(child);
		free(parents);
		parents = NULL;
	}
	free(malloc(5));
	return 0;
}
