/* SPDX-License-Identifier: MIT */
/*
 * Threads that are cancelled while they allocate: none may be unwound out of a function
 * that is no cancellation point.
 *
 * usage: cancel ROUNDS
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8

static int n_unwound, n_cancelled;

static void ends(void *inside)
{
	__atomic_add_fetch(&n_cancelled, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&n_unwound, *(volatile int *)inside, __ATOMIC_RELAXED);
}

static void *work(void *arg)
{
	volatile int inside = 1;
	void *p;

	pthread_cleanup_push(ends, (void *)&inside);
	for (;;) {
		inside = 1;
		p = malloc(1000);
		p = realloc(p, 2000);
		free(p);
		free(calloc(10, 100));
		free(strdup("a text that is duplicated"));
		if (posix_memalign(&p, 64, 1000) == 0)
			free(p);
		inside = 0;
		pthread_testcancel();
	}
	pthread_cleanup_pop(0);
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	int rounds = argc > 1 ? atoi(argv[1]) : 1;

	for (int i = 0; i < rounds; i++) {
		for (int k = 0; k < THREADS; k++)
			if (pthread_create(&threads[k], NULL, work, NULL))
				return 2;
		for (int k = 0; k < THREADS; k++)
			pthread_cancel(threads[k]);
		for (int k = 0; k < THREADS; k++)
			pthread_join(threads[k], NULL);
	}
	return n_unwound != 0 || n_cancelled != rounds * THREADS;
}
