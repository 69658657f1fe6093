/* SPDX-License-Identifier: MIT */
/*
 * Stands behind the runtime as the real free and realloc (LD_PRELOAD), and gives nothing
 * back, so that no two blocks have the same address, as with Valgrind, which keeps what
 * was freed for long. So a pointer that outlives its block points to no other one.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void free(void *p)
{
	(void)p;
}

void *realloc(void *p, size_t size)
{
	size_t old = p == NULL ? 0 : malloc_usable_size(p);
	void *q = p != NULL && size == 0 ? NULL : malloc(size);

	if (p != NULL && q != NULL)
		memcpy(q, p, old < size ? old : size);
	return q;
}
