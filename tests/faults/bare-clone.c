/* SPDX-License-Identifier: MIT */
/* A task that shares memory, and the thread's own variables, with the one that made it,
 * which waits for it as after vfork. It allocates. */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum {
	SIZE = 1 << 18
};

static int task(void *unused)
{
	(void)unused;
	for (int i = 0; i < 1000; i++) {
		void *volatile p = malloc(9200);
		free(p);
	}
	return 0;
}

int main(void)
{
	char *stack = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < 20; i++) {
		int status = 1;
		pid_t pid =
			clone(task, stack + SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
		void *volatile p = malloc(9201);
		free(p);
		if (waitpid(pid, &status, 0) != pid || status != 0)
			return 1;
	}
	return 0;
}
