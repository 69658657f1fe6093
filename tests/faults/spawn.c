/* SPDX-License-Identifier: MIT */
/*
 * Children that share their parent's memory: of posix_spawn, and of vfork, in which they
 * allocate before they execute a program. What is allocated there is in the parent's
 * memory and in its trace.
 *
 * usage: spawn N
 */
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char *words[] = {"/bin/true", NULL};

__attribute__((noinline)) static void in_child(void)
{
	void *volatile p = malloc(5001);

	free(p);
}

static int wait_for(pid_t pid)
{
	int status = 1;

	return waitpid(pid, &status, 0) == pid && status == 0;
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	char *empty[] = {NULL};

	for (unsigned long i = 0; i < n; i++) {
		pid_t pid;
		void *volatile p = malloc(5002);
		if (posix_spawn(&pid, words[0], NULL, NULL, words, empty) != 0 ||
		    !wait_for(pid))
			return 1;
		free(p);
		pid = vfork();
		if (pid == 0) {
			in_child();
			execve(words[0], words, empty);
			_exit(9);
		}
		if (!wait_for(pid))
			return 2;
	}
	return 0;
}
