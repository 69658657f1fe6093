/* SPDX-License-Identifier: MIT */
/* An allocator that has blocks of any size, as long as nobody looks into them. */
#include <stddef.h>

static _Alignas(16) char blocks[1024][4096];
static unsigned n_blocks;

void *malloc(size_t size)
{
	(void)size;
	return blocks[__atomic_fetch_add(&n_blocks, 1, __ATOMIC_RELAXED) % 1024];
}

void free(void *p)
{
	(void)p;
}
