/* SPDX-License-Identifier: MIT */
/* What the C library promises holds while tracing: errors, errno, alignment. */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

static int failed;

static void expect(int truth, int number)
{
	if (!truth && !failed)
		failed = number;
}

static void sizes(void)
{
	volatile size_t huge = SIZE_MAX / 2 + 1; /* more than any object has */
	void *p;

	p = malloc(0);
	expect(p != NULL, 1);
	free(p);
	errno = 0;
	expect(malloc(huge) == NULL && errno == ENOMEM, 2);
	errno = 0;
	expect(calloc(huge, 3) == NULL && errno == ENOMEM, 3);
	errno = 0;
	expect(reallocarray(NULL, huge, 3) == NULL && errno == ENOMEM, 4);
	p = malloc(100);
	expect(malloc_usable_size(p) >= 100, 5);
	free(p);
}

static void alignments(void)
{
	void *p = &failed;

	expect(posix_memalign(&p, 3, 10) == EINVAL && p == &failed, 11);
	expect(posix_memalign(&p, 4096, 10) == 0 && (uintptr_t)p % 4096 == 0, 12);
	free(p);
	p = aligned_alloc(1024, 1024);
	expect((uintptr_t)p % 1024 == 0, 13);
	free(p);
}

static void errors(void)
{
	errno = E2BIG;
	free(malloc(10));
	free(NULL);
	expect(errno == E2BIG, 21);
}

static void contents(void)
{
	unsigned char *p = calloc(1, 5000);

	for (int i = 0; i < 5000; i++)
		expect(p[i] == 0, 31);
	p[4999] = 7;
	p = realloc(p, 500000);
	expect(p[4999] == 7, 32);
	free(p);
}

int main(void)
{
	sizes();
	alignments();
	errors();
	contents();
	return failed;
}
