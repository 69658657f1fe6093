/* SPDX-License-Identifier: MIT */
/*
 * Looks for leaks again and again. usage: often churn | steps
 *
 * churn: while four threads allocate, resize and free blocks, and hand them to each
 * other, the main thread loses some, one more before each check, and keeps some: prints
 * how often a check said otherwise. steps: prints the CPU time, in microseconds, of
 * checks that come after a million pairs of malloc and free each.
 */
#include <pthread.h>
#include <rheaper.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define NOINLINE __attribute__((noinline))
#define THREADS 4
#define PLACES 64
#define CHECKS 12
#define ROUNDS 1000        /* before a check */
#define MOST_ROUNDS 200000 /* until the next one: a check may wait for a processor */

static _Atomic(void *) places[PLACES];
static atomic_int stop, n_rounds, n_allowed;
static void *kept[CHECKS];

/* Takes what is at a place. Its pointer is in memory all the time: a scan does not know
 * the registers of other threads. */
static void *exchange(_Atomic(void *) *place, void *block, void *volatile *hand)
{
	void *old = atomic_load(place);

	do
		*hand = old;
	while (!atomic_compare_exchange_weak(place, &old, block));
	return old;
}

/* Whatever is at a place is exchanged, so most blocks end in another thread. */
static void *churn(void *number)
{
	unsigned state = (unsigned)((char *)number - (char *)NULL) + 1;
	void *volatile hand;

	while (!atomic_load(&stop)) {
		void *block;

		state = state * 1664525 + 1013904223;
		block = malloc(16 + (state >> 8) % 200);
		if (state >> 20 & 1)
			block = realloc(block, 16 + (state >> 12) % 2000);
		free(exchange(&places[state >> 24 & (PLACES - 1)], block, &hand));
		atomic_fetch_add(&n_rounds, 1);
		while (atomic_load(&n_rounds) >= atomic_load(&n_allowed) &&
		       !atomic_load(&stop))
			sched_yield();
	}
	return NULL;
}

static NOINLINE void lose(void)
{
	void **lost = calloc(1, 700);

	__asm__ volatile("" : "+r"(lost) : : "memory");
	lost[3] = malloc(701);
	__asm__ volatile("" : : "r"(lost) : "memory");
}

static NOINLINE void clear(void)
{
	volatile char room[8192];

	for (size_t i = 0; i < sizeof(room); i++)
		room[i] = 0;
}

static NOINLINE bool says(unsigned n)
{
	struct rheaper_leaks l;

	clear();
	l = rheaper_leak_check();
	return l.error == RHEAPER_OK && l.definitely_lost_blocks == n &&
	       l.definitely_lost_bytes == n * 700 && l.indirectly_lost_blocks == n &&
	       l.indirectly_lost_bytes == n * 701;
}

static void check_churn(void)
{
	pthread_t threads[THREADS];
	int n_wrong = 0;

	for (size_t t = 0; t < THREADS; t++)
		pthread_create(&threads[t], NULL, churn, (char *)NULL + t);
	for (unsigned n = 0; n < CHECKS; n++) {
		int before = atomic_load(&n_rounds);

		atomic_store(&n_allowed, before + MOST_ROUNDS);
		lose();
		kept[n] = malloc(900);
		while (atomic_load(&n_rounds) - before < ROUNDS)
			;
		n_wrong += !says(n + 1);
	}
	atomic_store(&stop, 1);
	for (size_t t = 0; t < THREADS; t++)
		pthread_join(threads[t], NULL);
	printf("wrong %d of %d\n", n_wrong, CHECKS);
}

static long cpu(void)
{
	struct rusage used;

	getrusage(RUSAGE_CHILDREN, &used);
	return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000L +
	       used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

static void check_steps(void)
{
	for (int step = 0; step < 8; step++) {
		long before;

		for (int i = 0; i < 1000000; i++) {
			char *volatile p = malloc(50);

			free(p);
		}
		before = cpu();
		rheaper_leak_check();
		printf("%ld\n", cpu() - before);
	}
}

int main(int argc, char **argv)
{
	setbuf(stdout, NULL);
	if (argc > 1 && strcmp(argv[1], "steps") == 0)
		check_steps();
	else
		check_churn();
	return 0;
}
