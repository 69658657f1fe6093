/* SPDX-License-Identifier: MIT */
/* Declared functions are recorded once, under their names, with their families. */
#include <stdlib.h>

void *pool(void);
void *pool_alloc(void *pool, size_t size, const char *file, int line);
void pool_free(void *pool, void *p);
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
int xalign(void **p, size_t alignment, size_t size);
char *xstrdup(const char *text);

int main(void)
{
	void *aligned;
	pool_free(pool(), pool_alloc(pool(), 101, "file", 42));
	free(xmalloc(102));
	free(xcalloc(103, 2));
	free(xrealloc(xmalloc(104), 105));
	xalign(&aligned, 64, 106);
	free(aligned);
	free(xstrdup("seven.."));
	void *mixed = pool_alloc(pool(), 108, "file", 42);
	pool_free(pool(), mixed);
	pool_free(pool(), xmalloc(109));
	return 0;
}
