/* SPDX-License-Identifier: MIT */
/*
 * What tracing adds to a process: THREADS threads that live at the same time, each of
 * which fills its buffers, and allocates from all 2^LEVELS ways down a tree of calls.
 * Prints the resident memory in KiB before they end.
 *
 * usage: memory THREADS LEVELS
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS 20000

static int levels;
static pthread_barrier_t gate;

__attribute__((noinline)) static void descend(int level, unsigned long way)
{
	if (level == 0)
		free(malloc(100));
	else if (way & 1)
		descend(level - 1, way >> 1);
	else
		descend(level - 1, way >> 1 | 1ul << 40); /* or they would be one call */
	__asm__ volatile("" : : "r"(level), "r"(way));
}

static void *run(void *unused)
{
	for (int i = 0; i < PAIRS; i++)
		free(malloc(100));
	for (unsigned long way = 0; way < 1ul << levels; way++)
		descend(levels, way);
	pthread_barrier_wait(&gate);
	pthread_barrier_wait(&gate);
	return unused;
}

static long resident(void)
{
	char line[256];
	long kib = 0;
	FILE *status = fopen("/proc/self/status", "r");

	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "VmRSS: %ld", &kib) == 1)
			break;
	fclose(status);
	return kib;
}

int main(int argc, char **argv)
{
	pthread_t threads[1024];
	int n = argc == 3 ? atoi(argv[1]) : 0;

	if (n < 1 || n > 1024)
		return 2;
	levels = atoi(argv[2]);
	pthread_barrier_init(&gate, NULL, (unsigned)n + 1);
	for (int i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, run, NULL))
			return 1;
	pthread_barrier_wait(&gate);
	printf("%ld\n", resident());
	pthread_barrier_wait(&gate);
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
