/* SPDX-License-Identifier: MIT */
/*
 * Threads that swap blocks through slots, free, resize, fail to resize and resize to
 * nothing, so that each address is handed out again within nanoseconds; every 1000th
 * round plants a leak. Prints what was asked for and what came of it.
 *
 * usage: order THREADS ROUNDS SIZE [kept], SIZE: 24, 1100 (to 1548), 262144
 * kept: no realloc to nothing
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	N_SLOTS = 16
};

struct ledger {
	pthread_t thread;
	unsigned random;
	unsigned long allocations, frees, failed, planted;
};

static _Atomic(void *) slots[N_SLOTS];
static unsigned long n_rounds;
static size_t size_base;
static bool kept;

static size_t some_size(unsigned random)
{
	return size_base == 1100 ? 1100 + random % 449 : size_base;
}

__attribute__((noinline)) static void release(struct ledger *l, void *p)
{
	l->frees += p != NULL;
	free(p);
}

__attribute__((noinline)) static void *change(struct ledger *l, void *p, unsigned random)
{
	void *volatile q;

	switch (random % 5) {
	case 0:
		release(l, p);
		l->allocations++;
		return malloc(some_size(random));
	case 1:
	case 2:
		l->allocations++;
		l->frees += p != NULL;
		q = realloc(p, some_size(random) + random % 2 * size_base);
		return q;
	case 3:
		q = realloc(p, SIZE_MAX / 4);
		l->failed += p != NULL;
		return p;
	default:
		if (!p || kept)
			return p;
		q = realloc(p, 0);
		l->frees++;
		return q;
	}
}

__attribute__((noinline)) static void plant(struct ledger *l)
{
	void *volatile lost = malloc(some_size(7));

	(void)lost;
	l->planted++;
}

static void *work(void *ledger)
{
	struct ledger *l = ledger;

	for (unsigned long i = 0; i < n_rounds; i++) {
		l->random = l->random * 1664525u + 1013904223u;
		_Atomic(void *) *slot = &slots[l->random >> 8 & (N_SLOTS - 1)];
		void *p = atomic_exchange(slot, NULL);
		void *old = atomic_exchange(slot, change(l, p, l->random >> 16));

		release(l, old);
		if (i % 1000 == 999)
			plant(l);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static struct ledger ledgers[64], sum;
	size_t n_threads = argc > 3 ? strtoul(argv[1], NULL, 10) : 0;

	if (n_threads == 0 || n_threads > 64)
		return 2;
	n_rounds = strtoul(argv[2], NULL, 10);
	size_base = strtoul(argv[3], NULL, 10);
	kept = argc > 4;
	for (size_t i = 0; i < n_threads; i++) {
		ledgers[i].random = (unsigned)i + 1;
		if (pthread_create(&ledgers[i].thread, NULL, work, &ledgers[i]) != 0)
			abort();
	}
	for (size_t i = 0; i < n_threads; i++) {
		pthread_join(ledgers[i].thread, NULL);
		sum.allocations += ledgers[i].allocations;
		sum.frees += ledgers[i].frees;
		sum.failed += ledgers[i].failed;
		sum.planted += ledgers[i].planted;
	}
	for (int i = 0; i < N_SLOTS; i++)
		release(&sum, slots[i]);
	dprintf(1, "%lu %lu %lu %lu\n", sum.allocations, sum.frees, sum.failed,
		sum.planted);
	return sum.allocations != sum.frees;
}
