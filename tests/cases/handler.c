/* SPDX-License-Identifier: MIT */
/* A handler that allocates interrupts a thread that allocates, at any place of
 * ours, on an alternate stack above the thread's: nothing is lost or torn but
 * what comes in the few instructions between us and the allocator. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>

#define N 3000
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

static void *work(void *unused)
{
	stack_t stack = {.ss_sp = alternate, .ss_size = STACK_SIZE};
	struct itimerval often = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};
	sigset_t timer;
	sigaltstack(&stack, NULL);
	sigemptyset(&timer);
	sigaddset(&timer, SIGALRM);
	pthread_sigmask(SIG_UNBLOCK, &timer, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	while (n_handled < N) {
		sink = malloc(17);
		free(sink);
	}
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
