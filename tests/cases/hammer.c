/* SPDX-License-Identifier: MIT */
/* Many threads at once, each block freed by the next thread: none is lost. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
	N_THREADS = 40,
	N_ROUNDS = 1000,
	N_SLOTS = 64
};
static _Atomic(void *) slots[N_SLOTS];

static void *work(void *number)
{
	size_t n = (size_t)number;

	for (int i = 0; i < N_ROUNDS; i++) {
		size_t slot = (n * 7 + (size_t)i * 13) % N_SLOTS;

		free(atomic_exchange(&slots[slot], malloc(777)));
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[N_THREADS];

	for (size_t i = 0; i < N_THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, (void *)i) != 0)
			abort();
	for (size_t i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < N_SLOTS; i++)
		free(slots[i]);
	return 0;
}
