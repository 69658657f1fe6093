/* SPDX-License-Identifier: MIT */
/* Every caller, with its line, inlined ones too. */
#include <stdlib.h>

static void *volatile sink;

static inline __attribute__((always_inline)) void leaf(size_t size)
{
	sink = malloc(size);
}

static inline __attribute__((always_inline)) void middle(size_t size)
{
	leaf(size);
}

void outer(size_t size);

__attribute__((noinline)) void outer(size_t size)
{
	middle(size);
}

int main(void)
{
	outer(4242);
	free(sink);
	return 0;
}
