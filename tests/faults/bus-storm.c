/* SPDX-License-Identifier: MIT */
/*
 * Blocks below ever new stacks, each of them new work for the runtime, and a timer whose
 * signal, SIGBUS, comes at any time; its handler allocates but in the allocator itself.
 *
 * usage: bus-storm N
 */
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum {
	OFTEN = 50000, /* nanoseconds */
	DEPTH = 20
};
extern __thread volatile int allocating;
static void *volatile sink;
static volatile int after;

static void handler(int number)
{
	(void)number;
	if (allocating)
		return;
	void *volatile p = malloc(333);
	free(p);
}

static void left(unsigned path, int depth);

__attribute__((noinline)) static void right(unsigned path, int depth)
{
	if (depth == 0) {
		sink = malloc(17);
		free(sink);
	} else if (path & 1) {
		left(path >> 1, depth - 1);
	} else {
		right(path >> 1, depth - 1);
	}
	after++;
}

__attribute__((noinline)) static void left(unsigned path, int depth)
{
	if (path & 1)
		left(path >> 1, depth - 1);
	else
		right(path >> 1, depth > 0 ? depth - 1 : 0);
	after += 2;
}

int main(int argc, char **argv)
{
	struct itimerspec often = {{0, OFTEN}, {0, OFTEN}}, never = {{0, 0}, {0, 0}};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGBUS};
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
	long n = argc > 1 ? atol(argv[1]) : 0;
	timer_t timer;

	if (sigaction(SIGBUS, &action, NULL) != 0 ||
	    timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
	    timer_settime(timer, 0, &often, NULL) != 0)
		return 1;
	for (long i = 0; i < n; i++)
		right((unsigned)i * 2654435761u, DEPTH);
	return timer_settime(timer, 0, &never, NULL) != 0;
}
