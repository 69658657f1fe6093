/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

void *lib_allocate(size_t size);
void lib_free(void *p);
void *lib_resize(void *p, size_t size);

void *lib_allocate(size_t size)
{
	void *volatile p = malloc(size);

	return p;
}

void lib_free(void *p)
{
	free(p);
}

void *lib_resize(void *p, size_t size)
{
	void *volatile q = realloc(p, size);

	return q;
}
