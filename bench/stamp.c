/* SPDX-License-Identifier: MIT */
/*
 * What a stamp costs (docs/reference/trace-format.md, the order of events): threads take
 * them for blocks of heaps of their own, and for comparison all from one counter.
 *
 *     cc -O2 -pthread -I. bench/stamp.c -o stamp && ./stamp
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "contract/format.h"

enum {
	N = 20000000,
	MOST = 4,
	LINE = 64 / sizeof(uint64_t)
};
static _Alignas(64) uint64_t counters[4096 * LINE];
static uint64_t one_for_all;
static int of_one;

static void *take(void *heap)
{
	uint64_t address = (uint64_t)(uintptr_t)heap << 26;

	for (uint64_t i = 0; i < N; i++) {
		uint64_t *counter =
			of_one ? &one_for_all
			       : &counters[rhp_shard(address + i % 1000 * 64) * LINE];
		__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(void)
{
	for (of_one = 0; of_one <= 1; of_one++)
		for (uintptr_t n = 1; n <= MOST; n *= 2) {
			pthread_t threads[MOST];
			double begun = cpu_seconds();
			for (uintptr_t i = 0; i < n; i++)
				pthread_create(&threads[i], NULL, take, (void *)(i + 1));
			for (uintptr_t i = 0; i < n; i++)
				pthread_join(threads[i], NULL);
			printf("%s, %d threads: %.1f ns\n",
			       of_one ? "one counter" : "sharded", (int)n,
			       (cpu_seconds() - begun) / (double)n / N * 1e9);
		}
	return 0;
}
