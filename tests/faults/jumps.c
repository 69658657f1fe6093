/* SPDX-License-Identifier: MIT */
/*
 * A thread sends signals to one that allocates, which jumps out of the handler wherever
 * it is; afterwards a thousand blocks are allocated in peace.
 *
 * usage: jumps JUMPS
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>

static sigjmp_buf again;
static volatile sig_atomic_t armed;
static volatile unsigned long n_jumps;
static unsigned long wanted;
static int stop;
static pthread_t jumper;

static void handler(int number)
{
	(void)number;
	if (!armed)
		return;
	armed = 0;
	n_jumps++;
	siglongjmp(again, 1);
}

static void *send(void *unused)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		pthread_kill(jumper, SIGUSR1);
	return unused;
}

__attribute__((noinline)) static void in_peace(void)
{
	for (int i = 0; i < 1000; i++)
		free(malloc(303));
}

int main(int argc, char **argv)
{
	pthread_t sender;

	wanted = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	jumper = pthread_self();
	signal(SIGUSR1, handler);
	pthread_create(&sender, NULL, send, NULL);
	sigsetjmp(again, 1);
	while (n_jumps < wanted) {
		armed = 1;
		for (unsigned i = 1;; i++) {
			free(malloc(17));
			if (i % 16 == 0)
				sched_yield(); /* to who sends the signals */
		}
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(sender, NULL);
	in_peace();
	return 0;
}
