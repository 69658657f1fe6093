/* SPDX-License-Identifier: MIT */
/*
 * Looks for its leaks, and switches tracking off before it ends.
 *
 * usage: cut NUMBER    (of lost structures)
 */
#include <rheaper.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

static void *volatile kept, *volatile interior;
static volatile uintptr_t hidden;

static NOINLINE void clear(void)
{
	char room[8192];

	memset(room, 0, sizeof(room));
	__asm__ volatile("" : : "r"(room) : "memory");
}

static NOINLINE void lose(void)
{
	void **p = calloc(1, 1001);

	__asm__ volatile("" : "+r"(p));
	p[1] = malloc(1002);
}

/* Lost for all that a scan can see, and freed later all the same. */
static NOINLINE void hide(void)
{
	hidden = ~(uintptr_t)malloc(1003);
}

static NOINLINE void keep(void)
{
	kept = malloc(1004);
	interior = (char *)malloc(1005) + 16;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0;

	uint32_t scope = rheaper_begin("losing");

	for (int i = 0; i < n; i++)
		lose();
	rheaper_end(scope);
	hide();
	keep();
	clear();
	rheaper_leak_check();
	free((void *)~hidden);
	kept = malloc(1006); /* 1004 is lost now; who knows that? */
	rheaper_disable_tracking();
	return 0;
}
