/* SPDX-License-Identifier: MIT */
/* A child is not traced unless asked; the parent's trace has the parent's only. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void *volatile sink;

static void allocate(size_t size)
{
	sink = malloc(size);
	free(sink);
}

int main(void)
{
	int status;
	pid_t child;

	allocate(1001);
	child = fork();
	if (child == 0) {
		for (int i = 0; i < 1000; i++)
			allocate(1002);
		exit(3);
	}
	if (waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 3)
		return 1;
	allocate(1003);
	return 0;
}
