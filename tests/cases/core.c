/* SPDX-License-Identifier: MIT */
/* Every function of the C family, each called from a function of its own. */
#include <malloc.h>
#include <stdlib.h>

static void *by_malloc(void)
{
	return malloc(101);
}

static void *by_calloc(void)
{
	return calloc(3, 34);
}

static void *by_realloc(void)
{
	void *volatile none = NULL; /* or the compiler calls malloc */

	return realloc(none, 103);
}

static void *by_reallocarray(void)
{
	return reallocarray(NULL, 2, 52);
}

static void *by_aligned_alloc(void)
{
	return aligned_alloc(64, 128);
}

static void *by_posix_memalign(void)
{
	void *p;

	return posix_memalign(&p, 256, 106) ? NULL : p;
}

static void *by_memalign(void)
{
	return memalign(32, 107);
}

static void *by_valloc(void)
{
	return valloc(108);
}

static void *by_pvalloc(void)
{
	return pvalloc(109);
}

int main(void)
{
	static void *(*const functions[])(void) = {
		by_malloc,       by_calloc,        by_realloc,
		by_reallocarray, by_aligned_alloc, by_posix_memalign,
		by_memalign,     by_valloc,        by_pvalloc,
	};
	static void *kept;

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *p = functions[i]();

		if (!p)
			return 1;
		free(p);
	}
	kept = by_malloc();
	return kept == NULL;
}
