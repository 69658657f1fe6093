/* SPDX-License-Identifier: MIT */
/*
 * The micro benchmark: free and malloc, 1,024 blocks live, from DEPTH calls down, in
 * THREADS threads. Prints nanoseconds of CPU time and of wall time for a pair.
 *
 * usage: churn DEPTH THREADS PAIRS-PER-THREAD
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LIVE 1024

static int depth;
static long pairs;

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

__attribute__((noinline)) static void churn(void **live)
{
	unsigned int seed = 1;

	for (long i = 0; i < pairs; i++) {
		seed = seed * 1103515245 + 12345;
		void **slot = &live[seed >> 8 & (LIVE - 1)];

		free(*slot);
		*slot = malloc(16 + (seed >> 20 & 255));
	}
}

__attribute__((noinline)) static void descend(int levels, void **live)
{
	if (levels > 0)
		descend(levels - 1, live);
	else
		churn(live);
	__asm__ volatile("");
}

static void *run(void *unused)
{
	void **live = calloc(LIVE, sizeof(*live));

	(void)unused;
	descend(depth, live);
	for (int i = 0; i < LIVE; i++)
		free(live[i]);
	free(live);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[64];
	int n = argc == 4 ? atoi(argv[2]) : 0;
	double cpu, wall;

	if (n < 1 || n > 64)
		return 2;
	depth = atoi(argv[1]);
	pairs = atol(argv[3]);
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	wall = seconds(CLOCK_MONOTONIC);
	for (int i = 1; i < n; i++)
		pthread_create(&threads[i], NULL, run, NULL);
	run(NULL);
	for (int i = 1; i < n; i++)
		pthread_join(threads[i], NULL);
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	wall = seconds(CLOCK_MONOTONIC) - wall;
	printf("%.2f %.2f\n", cpu * 1e9 / ((double)pairs * n),
	       wall * 1e9 / (double)pairs);
	return 0;
}
