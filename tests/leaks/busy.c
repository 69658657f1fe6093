/* SPDX-License-Identifier: MIT */
/*
 * Ends while threads allocate and free without a pause. usage: busy [LOST]
 * Each keeps its last ten blocks, so nothing is lost, but for as many blocks as LOST
 * says, which the main thread loses before it ends.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 4

static void *kept[THREADS][10];
static atomic_int n_rounds[THREADS];

static void *work(void *number)
{
	size_t t = (size_t)(char *)number;

	for (int i = 0;; i = (i + 1) % 10) {
		free(kept[t][i]);
		kept[t][i] = malloc(64);
		atomic_fetch_add(&n_rounds[t], i == 9);
	}
	return NULL;
}

static __attribute__((noinline)) void lose(int n)
{
	for (int i = 0; i < n; i++) {
		void *volatile lost = malloc(500);

		lost = NULL;
		(void)lost;
	}
}

static __attribute__((noinline)) void clear(void)
{
	volatile char room[8192];

	for (size_t i = 0; i < sizeof(room); i++)
		room[i] = 0;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	for (size_t t = 0; t < THREADS; t++) {
		pthread_create(&thread, NULL, work, (char *)NULL + t);
		pthread_detach(thread);
	}
	lose(argc > 1 ? atoi(argv[1]) : 0);
	for (size_t t = 0; t < THREADS; t++)
		while (atomic_load(&n_rounds[t]) < 20)
			;
	clear();
	return 0;
}
