/* SPDX-License-Identifier: MIT */
/*
 * Signal handlers that allocate, and leave by siglongjmp whatever they came
 * upon, allocations among it: what comes after is recorded all the same.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>

static sigjmp_buf again;
static volatile sig_atomic_t safe_to_jump, jumps, handled;
static void *volatile sink;

static void on_alarm(int signal)
{
	(void)signal;
	handled++;
	if (safe_to_jump) {
		safe_to_jump = 0;
		jumps++;
		siglongjmp(again, 1);
	}
}

static void churn(void)
{
	for (int i = 0; i < 100; i++) {
		sink = malloc(64);
		free(sink);
	}
}

static volatile unsigned long spin;

int main(void)
{
	struct itimerval every = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};

	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &every, NULL);
	while (jumps < 200) {
		if (sigsetjmp(again, 1) == 0) {
			churn();
			safe_to_jump = 1;
			for (;;)
				spin++;
		}
	}
	setitimer(ITIMER_REAL, &never, NULL);
	for (int i = 0; i < 10; i++) {
		sink = malloc(3003);
		free(sink);
	}
	return handled >= 200 ? 0 : 1;
}
