/* SPDX-License-Identifier: MIT */
/*
 * Makes traces to load: PAIRS allocations, each freed later, LIVE blocks at a time, from
 * all 2^LEVELS ways down a tree of calls, in one or two THREADS.
 *
 * usage: load PAIRS LIVE LEVELS THREADS
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

static long pairs, n_live; /* of a thread */
static int levels;

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/* Sizes as programs have them: small ones often, large ones seldom. */
static size_t choose_size(uint64_t *state)
{
	return 16 + next_random(state) % (16u << next_random(state) % 7);
}

__attribute__((noinline)) static void *descend(int level, uint64_t way, size_t size)
{
	void *p;

	if (level == 0)
		p = malloc(size);
	else if (way & 1)
		p = descend(level - 1, way >> 1, size);
	else
		p = descend(level - 1, way >> 1 | UINT64_C(1) << 40, size);
	__asm__ volatile("" : : "r"(level), "r"(way)); /* or they would be one call */
	return p;
}

static void *run(void *seed)
{
	void **live = calloc((size_t)n_live, sizeof(*live));
	uint64_t state = (uint64_t)(uintptr_t)seed;

	for (long i = 0; i < pairs; i++) {
		void **slot = &live[next_random(&state) % (uint64_t)n_live];
		uint64_t way = next_random(&state) & ((1u << levels) - 1);

		free(*slot);
		*slot = descend(levels, way, choose_size(&state));
	}
	for (long i = 0; i < n_live; i++)
		free(live[i]);
	free(live);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	int n_threads = argc == 5 ? atoi(argv[4]) : 0;

	if (n_threads != 1 && n_threads != 2)
		return 2;
	pairs = atol(argv[1]) / n_threads;
	n_live = atol(argv[2]) / n_threads;
	levels = atoi(argv[3]);
	if (n_live < 1 || levels < 0 || levels > 20)
		return 2;
	if (n_threads == 2 && pthread_create(&thread, NULL, run, (void *)2))
		return 2;
	run((void *)1);
	if (n_threads == 2)
		pthread_join(thread, NULL);
	return 0;
}
