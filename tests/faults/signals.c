/* SPDX-License-Identifier: MIT */
/*
 * Four threads that allocate, each with a timer of its own, whose handler allocates
 * wherever it comes, but in the allocator itself. Prints what the threads and the
 * handlers allocated.
 *
 * usage: signals HANDLED-BY-EACH
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

enum {
	N_THREADS = 4,
	OFTEN = 100000 /* nanoseconds */
};
extern __thread volatile int allocating;
static __thread volatile unsigned long n_handled;
static unsigned long wanted, n_all, n_all_handled;

static void handler(int number)
{
	(void)number;
	if (allocating)
		return;
	void *volatile p = malloc(333);
	free(p);
	n_handled++;
}

static timer_t start(void)
{
	struct itimerspec often = {{0, OFTEN}, {0, OFTEN}};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM};
	timer_t timer;

	event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
		abort();
	timer_settime(timer, 0, &often, NULL);
	return timer;
}

static void *work(void *unused)
{
	timer_t timer = start();
	unsigned long n = 0;

	for (; n_handled < wanted; n++) {
		void *volatile p = malloc(17);
		for (volatile int i = 0; i < 40000; i++)
			;
		free(p);
	}
	timer_delete(timer);
	__atomic_fetch_add(&n_all, n, __ATOMIC_RELAXED);
	__atomic_fetch_add(&n_all_handled, n_handled, __ATOMIC_RELAXED);
	return unused;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
	pthread_t threads[N_THREADS];

	wanted = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	sigaction(SIGALRM, &action, NULL);
	for (int i = 0; i < N_THREADS; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (int i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	dprintf(1, "%lu %lu\n", n_all, n_all_handled);
	return 0;
}
