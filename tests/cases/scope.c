/* SPDX-License-Identifier: MIT */
/*
 * Scopes: nested, left by return, by longjmp and never, ended from outside, and of two
 * threads at the same time. Blocks stand at their very borders.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>

#include "../../include/rheaper.h"

static void *volatile kept[8];
static jmp_buf out;

static void *allocate(size_t size)
{
	void *volatile p = malloc(size);
	return p;
}

static int inner(int i)
{
	RHEAPER_SCOPE("inner");
	kept[i] = allocate(20);
	return i;
}

static void jump(void)
{
	RHEAPER_SCOPE("jumper");
	free(allocate(30));
	longjmp(out, 1);
}

static void outer(void)
{
	RHEAPER_SCOPE("outer");
	kept[0] = allocate(10);
	for (int i = 1; i < 4; i++)
		inner(i);
	free(kept[1]);
	if (setjmp(out) == 0)
		jump();
	free(allocate(11)); /* "jumper" has not ended */
}

static void *work(void *unused)
{
	RHEAPER_SCOPE("work");
	kept[4] = allocate(40);
	return unused;
}

int main(void)
{
	pthread_t thread;
	uint32_t scope;

	free(allocate(1));
	outer();
	free(allocate(2));
	free(kept[0]);
	scope = rheaper_begin("waits");
	if (pthread_create(&thread, NULL, work, NULL) || pthread_join(thread, NULL))
		return 1;
	rheaper_end(scope);
	rheaper_end(scope); /* once too often */
	rheaper_end(0);     /* nothing */
	if (!rheaper_begin("no end"))
		return 2;
	free(allocate(60));
	free(kept[2]);
	return 0;
}
