/* SPDX-License-Identifier: MIT */
/* An allocator that a signal handler may call, and that says when it is at work. */
#include <stddef.h>
#include <string.h>

#define N_BLOCKS 65536u
#define SIZE 1024
static _Alignas(16) char blocks[N_BLOCKS][SIZE];
static unsigned next_block;
volatile int allocating;

void *malloc(size_t size)
{
	if (size > SIZE)
		return NULL;
	allocating++;
	void *p = blocks[__atomic_fetch_add(&next_block, 1, __ATOMIC_RELAXED) % N_BLOCKS];
	allocating--;
	return p;
}

void free(void *p)
{
	(void)p;
}

void *calloc(size_t n, size_t size)
{
	void *p = malloc(n * size);
	return p ? memset(p, 0, n * size) : NULL;
}

void *realloc(void *p, size_t size)
{
	void *q = malloc(size);
	return p && q ? memcpy(q, p, size) : q;
}
