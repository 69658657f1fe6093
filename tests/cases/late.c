/* SPDX-License-Identifier: MIT */
/*
 * Allocations at the very end: in destructors of thread-specific data, round
 * after round, when the tracker of the thread is gone; in exit handlers; in
 * destructors of the program.
 */
#include <pthread.h>
#include <stdlib.h>

enum {
	N_THREADS = 50
};
static pthread_key_t key;
static void *volatile sink;

static void use(size_t size)
{
	sink = malloc(size);
	free(sink);
}

/* Runs in as many rounds as libc makes. */
static void at_thread_end(void *value)
{
	use(2001);
	pthread_setspecific(key, value);
}

static void *thread(void *value)
{
	use(2000);
	pthread_setspecific(key, value);
	return NULL;
}

static void at_exit(void)
{
	use(2002);
}

__attribute__((destructor(101))) static void last(void)
{
	use(2003);
}

int main(void)
{
	atexit(at_exit);
	pthread_key_create(&key, at_thread_end);
	for (int i = 0; i < N_THREADS; i++) {
		pthread_t t;

		if (pthread_create(&t, NULL, thread, &key) != 0)
			abort();
		pthread_join(t, NULL);
	}
	return 0;
}
