/* SPDX-License-Identifier: MIT */
/* Reallocs that fail, for want of address space and for their size, and such to nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

enum {
	N = 1000
};

static void *keeps(size_t size)
{
	return malloc(size);
}

static int fails(void *p, size_t size)
{
	void *volatile q;

	errno = 0;
	q = realloc(p, size);
	return q == NULL && errno == ENOMEM;
}

static void vanishes(void)
{
	volatile size_t nothing = 0;

	for (int i = 0; i < N; i++)
		if (realloc(malloc(333), nothing))
			abort();
}

int main(void)
{
	void *p = keeps(1234);
	struct rlimit limit = {(rlim_t)1 << 30, (rlim_t)1 << 30};

	for (int i = 0; i < N; i++)
		if (!fails(p, (size_t)1 << 46))
			return 1;
	vanishes();
	if (setrlimit(RLIMIT_AS, &limit) != 0)
		return 2;
	for (int i = 0; i < N; i++)
		if (!fails(p, (size_t)2 << 30))
			return 3;
	return 0;
}
