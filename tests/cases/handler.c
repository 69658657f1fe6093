/* SPDX-License-Identifier: MIT */
/* A handler that allocates interrupts a thread that allocates, at any place of
 * ours, on an alternate stack above the thread's: nothing is lost or torn but
 * what comes in the few instructions between us and the allocator. So often
 * that the thread gets no further it does not come, though, on an emulator:
 * there is room for a few events while a window is handed over. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

#define N 3000
#define N_BETWEEN 100 /* pairs, from one signal to the next */
#define MIN_US 50
#define STACK_SIZE (1 << 20)

extern volatile int allocating;
static volatile sig_atomic_t n_handled;
static void *volatile sink;
static void *volatile handler_sink;
static void *alternate;

static void handler(int number)
{
	(void)number;
	if (n_handled == N || allocating)
		return;
	handler_sink = malloc(333);
	free(handler_sink);
	n_handled++;
}

static void allocate(int n)
{
	for (; n > 0; n--) {
		sink = malloc(17);
		free(sink);
	}
}

/* As long as some pairs take on this machine, at least MIN_US. */
static long interval_us(void)
{
	struct timespec begin, end;
	long us;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	allocate(20 * N_BETWEEN);
	clock_gettime(CLOCK_MONOTONIC, &end);
	us = (end.tv_sec - begin.tv_sec) * 1000000 + (end.tv_nsec - begin.tv_nsec) / 1000;
	us /= 20;
	return us < MIN_US ? MIN_US : us > 100000 ? 100000 : us;
}

static void *work(void *unused)
{
	long us = interval_us();
	stack_t stack = {.ss_sp = alternate, .ss_size = STACK_SIZE};
	struct itimerval often = {{0, us}, {0, us}}, never = {{0, 0}, {0, 0}};
	sigset_t timer;
	sigaltstack(&stack, NULL);
	sigemptyset(&timer);
	sigaddset(&timer, SIGALRM);
	pthread_sigmask(SIG_UNBLOCK, &timer, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	while (n_handled < N)
		allocate(1);
	setitimer(ITIMER_REAL, &never, NULL);
	return unused;
}

int main(void)
{
	struct sigaction action = {.sa_handler = handler,
				   .sa_flags = SA_ONSTACK | SA_RESTART};
	pthread_t thread;
	sigset_t timer;
	sigemptyset(&timer);
	sigaddset(&timer, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &timer, NULL);
	sigaction(SIGALRM, &action, NULL);
	alternate = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_create(&thread, NULL, work, NULL);
	pthread_join(thread, NULL);
	return 0;
}
