/* SPDX-License-Identifier: MIT */
/* A handler jumps out of malloc itself: what comes after, shallower, deeper and
 * in the same place, is recorded. */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>

static sigjmp_buf out;
static void *volatile sink;

static void handler(int number)
{
	(void)number;
	siglongjmp(out, 1);
}

__attribute__((noinline)) static void deeper(int depth)
{
	char room[64];
	__asm__ volatile("" : : "r"(room) : "memory");
	if (depth > 0)
		deeper(depth - 1);
	else
		sink = malloc(1001);
	__asm__ volatile("");
}

__attribute__((noinline)) static void jump(void)
{
	if (sigsetjmp(out, 1) == 0)
		sink = malloc(777);
}

int main(void)
{
	signal(SIGUSR1, handler);
	for (int i = 0; i < 100; i++) {
		if (sigsetjmp(out, 1) == 0)
			sink = malloc(777);
		deeper(i % 10);
		jump();
		sink = malloc(1002);
		jump();
		deeper(i % 10);
	}
	return 0;
}
