/* SPDX-License-Identifier: MIT */
/*
 * Threads that swap blocks and resize, fail to resize, and free them: each
 * address passes between threads within nanoseconds. A tracer that records a
 * free or a realloc in the wrong order sees leaks and frees of nothing here.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

enum {
	N_THREADS = 4,
	N_ROUNDS = 60000,
	N_SLOTS = 16
};
/* For every libc, also in an address space of 32 bits. volatile: compilers warn */
static volatile size_t too_large = SIZE_MAX / 2 + 1;
static _Atomic(void *) slots[N_SLOTS];

static void *change(void *p, unsigned random)
{
	void *volatile q;

	switch (random % 4) {
	case 0:
		free(p);
		return malloc(1024 + random % 400);
	case 1:
		q = realloc(p, 1024 + random % 2048);
		return q;
	case 2:
		q = realloc(p, too_large);
		return q ? q : p;
	default:
		q = realloc(p, p ? 0 : 1);
		free(q);
		return calloc(1, 1100);
	}
}

static void *work(void *number)
{
	unsigned random = (unsigned)(uintptr_t)number + 1;

	for (int i = 0; i < N_ROUNDS; i++) {
		random = random * 1664525u + 1013904223u;
		_Atomic(void *) *slot = &slots[random >> 8 & (N_SLOTS - 1)];
		void *p = atomic_exchange(slot, NULL);

		free(atomic_exchange(slot, change(p, random >> 16)));
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[N_THREADS];

	for (uintptr_t i = 0; i < N_THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, (void *)i) != 0)
			abort();
	for (int i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < N_SLOTS; i++)
		free(slots[i]);
	return 0;
}
