/* SPDX-License-Identifier: MIT */
/* Allocators under other names: over malloc, and out of an arena. */
#include <stdlib.h>
#include <string.h>

static _Alignas(16) char arena[1 << 20];
static size_t used;

void *pool_alloc(void *pool, size_t size, const char *file, int line)
{
	if (pool != arena || line != 42 || strcmp(file, "file") != 0)
		abort(); /* arguments that are not declared arrive too */
	void *p = arena + used;
	used += (size + 15) & ~(size_t)15;
	return p;
}

void pool_free(void *pool, void *p)
{
	if (pool != arena || !p)
		abort();
}

void *pool(void)
{
	return arena;
}

void *xmalloc(size_t size)
{
	return malloc(size);
}

void *xcalloc(size_t n, size_t size)
{
	return calloc(n, size);
}

void *xrealloc(void *p, size_t size)
{
	return realloc(p, size);
}

int xalign(void **p, size_t alignment, size_t size)
{
	return posix_memalign(p, alignment, size);
}

char *xstrdup(const char *text)
{
	return strdup(text);
}
