/* SPDX-License-Identifier: MIT */
/* Every caller, with its line; frame 0 is the caller of malloc. */
#include <stdlib.h>

static void *volatile sink;

static void leaf(size_t size)
{
	sink = malloc(size);
}

static void middle(size_t size)
{
	leaf(size);
}

static void outer(size_t size)
{
	middle(size);
}

int main(void)
{
	outer(4242);
	free(sink);
	return 0;
}
