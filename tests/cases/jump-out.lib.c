/* SPDX-License-Identifier: MIT */
/* An allocator that raises a signal in the middle of one request. */
#include <signal.h>
#include <stddef.h>
#include <string.h>

static _Alignas(16) char arena[1 << 24];
static size_t used;

void *malloc(size_t size)
{
	if (size == 777)
		raise(SIGUSR1);
	void *p = arena + used;
	used += (size + 15) & ~(size_t)15;
	return p;
}

void free(void *p)
{
	(void)p;
}

void *calloc(size_t n, size_t size)
{
	return malloc(n * size); /* the arena is zero */
}

void *realloc(void *p, size_t size)
{
	void *q = malloc(size);
	return p ? memcpy(q, p, size) : q;
}
