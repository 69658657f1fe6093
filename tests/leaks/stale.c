/* SPDX-License-Identifier: MIT */
/*
 * Asks for leaks where functions that have returned left pointers behind.
 * usage: stale asks HOW | handler | register
 *
 * asks: below the frame that asks, and in the frames of whom it asks; handler: in a
 * handler of exit(), in frames that main() had; register: a block that only a register
 * of the one who asks has, which is not lost. Built with -DDESTRUCTOR the handler is a
 * destructor.
 */
#include <rheaper.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))
#define BLOCKS 60

static struct rheaper_leaks leaks;

static NOINLINE void say(void)
{
	printf("definite %llu reachable %llu error %d\n",
	       (unsigned long long)leaks.definitely_lost_blocks,
	       (unsigned long long)leaks.still_reachable_blocks, (int)leaks.error);
}

static NOINLINE void lose(int how)
{
	char *volatile p = malloc(1337);

	if (how & 1) {
		char bytes[600];

		memset(bytes, how, sizeof(bytes));
		memcpy(p, bytes, sizeof(bytes));
	}
	if (how & 2)
		snprintf(p, 100, "%p %d", (void *)p, how);
	p[0] = 1;
}

static NOINLINE void lose_many(int n)
{
	void *volatile many[BLOCKS];

	for (int i = 0; i < BLOCKS; i++)
		many[i] = malloc(100 + (size_t)n);
}

#ifdef DESTRUCTOR
__attribute__((destructor))
#endif
static void
handle(void)
{
	leaks = rheaper_leak_check();
	say();
}

static NOINLINE void keep_in_register(void)
{
#ifdef __x86_64__
	register void *kept __asm__("rbx") = malloc(1);

	__asm__ volatile("" : "+r"(kept));
	leaks = rheaper_leak_check();
	__asm__ volatile("" : : "r"(kept));
#endif
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	void *volatile kept[20];

	setbuf(stdout, NULL);
	if (strcmp(what, "asks") == 0) {
		lose(atoi(argv[2]));
		leaks = rheaper_leak_check();
		say();
	} else if (strcmp(what, "register") == 0) {
		keep_in_register();
		say();
	} else {
#ifndef DESTRUCTOR
		atexit(handle);
#endif
		lose_many(argc);
		for (int i = 0; i < 20; i++)
			kept[i] = malloc(10);
		(void)kept;
	}
	return 0;
}
