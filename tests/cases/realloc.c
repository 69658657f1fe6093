/* SPDX-License-Identifier: MIT */
/* The four outcomes of realloc: another place, the same place, failure, free. */
#include <stdint.h>
#include <stdlib.h>

static void *volatile block, *volatile barrier;

static void moves(void)
{
	block = malloc(100);
	barrier = malloc(200); /* the first cannot grow where it is */
	block = realloc(block, 100000);
	free(block);
	free(barrier);
}

static void stays(void)
{
	block = malloc(300);
	block = realloc(block, 290);
	free(block);
}

static void fails(void)
{
	volatile size_t huge = SIZE_MAX / 2 + 1; /* more than any object has */

	block = malloc(400);
	if (realloc(block, huge))
		abort();
	free(block);
}

static void frees(void)
{
	volatile size_t zero = 0;

	block = malloc(500);
	block = realloc(block, zero);
	if (block)
		abort();
}

int main(void)
{
	moves();
	stays();
	fails();
	frees();
	return 0;
}
