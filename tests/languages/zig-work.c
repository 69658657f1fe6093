/* SPDX-License-Identifier: MIT */
/* What `zig cc` builds: threads, a fork, resized blocks. It says how many blocks of each
 * size it allocates, and how many of them it keeps. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CHILD
#define CHILD 1
#endif
#define THREADS 4
#define EACH 25

static void *volatile kept[THREADS + 1];

static void *work(void *argument)
{
	for (int i = 0; i < EACH; i++) {
		char *volatile block = malloc(7201);

		block = realloc(block, 7202);
		if (i == 0)
			kept[(uintptr_t)argument] = block;
		else
			free(block);
	}
	return NULL;
}

static void run_threads(void)
{
	pthread_t thread[THREADS];

	for (uintptr_t i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, work, (void *)i) != 0)
			abort();
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
}

/* What the child allocates is not its parent's. */
static void run_child(void)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		void *volatile block = malloc(7203);

		free(block);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || status != 0)
		abort();
}

int main(void)
{
	char *volatile text = calloc(1, 7204);

	run_threads();
	if (CHILD)
		run_child();
	memset(text, 'x', 7203);
	kept[THREADS] = strdup(text);
	free(text);
	printf("ledger: 7202 %d %d\n", THREADS * EACH, THREADS);
	printf("ledger: 7203 0 0\n");
	printf("ledger: 7204 2 1\n");
	return 0;
}
