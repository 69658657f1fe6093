/* SPDX-License-Identifier: MIT */
/* Functions without frame pointers, with large frames, with frames of any size, with
 * frames that are aligned anew, and calls that come back through libc. */
#include <stdlib.h>
#include <string.h>

#define SEPARATE __attribute__((noinline)) static

static void *volatile sink;
static volatile int n = 100;

SEPARATE void give(void *p)
{
	sink = p;
	free(sink);
	sink = NULL;
}

SEPARATE int compare(const void *a, const void *b)
{
	if (!sink && n == 100)
		give(malloc(801));
	n++;
	return memcmp(a, b, 8);
}

SEPARATE int large(void)
{
	char text[3000];

	memset(text, n, sizeof(text));
	qsort(text, 2, 8, compare);
	return text[n];
}

SEPARATE int of_any_size(int size)
{
	char *text = __builtin_alloca((size_t)size);

	memset(text, 1, (size_t)size);
	give(malloc(802));
	return text[size / 2] + large();
}

SEPARATE int aligned(int size)
{
	_Alignas(64) volatile char text[64];

	text[size % 64] = 1;
	give(malloc(803));
	return text[n % 64] + of_any_size(size);
}

int main(void)
{
	return aligned(n) > 1000;
}
