/* SPDX-License-Identifier: MIT */
/* A stack deeper than is recorded is cut at its outer end, and says so. */
#include <stdlib.h>

static void *volatile sink;

static int recurse(int n)
{
	if (n == 0)
		sink = malloc(4242);
	else
		recurse(n - 1);
	return n;
}

int main(void)
{
	recurse(20000);
	free(sink);
	return 0;
}
