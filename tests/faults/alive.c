/* SPDX-License-Identifier: MIT */
/*
 * Threads that live at the same time. Each allocates when all of them are there, and ends
 * in its own way: it returns, calls pthread_exit, is cancelled. Prints how many tasks the
 * process has at the end, and how many descriptors were opened meanwhile.
 *
 * usage: alive THREADS ROUNDS
 */
#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_barrier_t together;
static unsigned long n_rounds;
static void *volatile sink;

__attribute__((noinline)) static void use(size_t size)
{
	free(malloc(size));
}

static void *live(void *number)
{
	pthread_barrier_wait(&together);
	for (unsigned long i = 0; i < n_rounds; i++)
		use(9100);
	if ((uintptr_t)number % 3 == 1)
		pthread_exit(number);
	if ((uintptr_t)number % 3 == 2)
		for (;;)
			pause();
	return number;
}

static int entries(const char *path)
{
	DIR *directory = opendir(path);
	int n = 0;

	while (readdir(directory))
		n++;
	closedir(directory);
	return n - 2;
}

int main(int argc, char **argv)
{
	size_t n = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	pthread_t *threads = calloc(n, sizeof(*threads));
	pthread_attr_t small;

	n_rounds = strtoul(argv[2], NULL, 10);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, PTHREAD_STACK_MIN);
	pthread_barrier_init(&together, NULL, (unsigned)n + 1);
	for (size_t i = 0; i < n; i++)
		if (pthread_create(&threads[i], &small, live, (void *)i) != 0)
			return 1;
	pthread_barrier_wait(&together);
	for (size_t i = 0; i < n; i++) {
		if (i % 3 == 2)
			pthread_cancel(threads[i]);
		pthread_join(threads[i], NULL);
	}
	free(threads);
	dprintf(1, "%d tasks\n", entries("/proc/self/task"));
	return 0;
}
