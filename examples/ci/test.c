// SPDX-License-Identifier: MIT
/* A test that passes, and leaks as many blocks as its argument says. */
#include <stdlib.h>

static void *volatile kept;

static void leak(int n)
{
	while (n-- > 0)
		kept = malloc(10);
}

int main(int argc, char **argv)
{
	leak(argc > 1 ? atoi(argv[1]) : 0);
	return 0;
}
