// SPDX-License-Identifier: MIT
/* A test that passes, and leaks as many blocks as its argument says, or else BLOCKS. */
#include <stdlib.h>

#ifndef BLOCKS
#define BLOCKS 0
#endif

static void *volatile kept;

static void leak(int n)
{
	while (n-- > 0)
		kept = malloc(10);
	kept = NULL;
}

int main(int argc, char **argv)
{
	leak(argc > 1 ? atoi(argv[1]) : BLOCKS);
	return 0;
}
