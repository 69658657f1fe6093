/* SPDX-License-Identifier: MIT */
/* A program that wraps malloc itself keeps its wrapper. */
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

static int calls;

void *__wrap_malloc(size_t size)
{
	calls++;
	return __real_malloc(size);
}

int main(void)
{
	void *volatile p = malloc(4242), *volatile q = calloc(1, 4243);

	free(p);
	free(q);
	return calls < 1; /* a static libc calls it too */
}
