// SPDX-License-Identifier: MIT
/* Keeps the files that its arguments name, and prints how many the cache has of them. For
 * check-symbol-cache.py. */
#include <stdio.h>

#include "symbols/symbol-cache.h"

int main(int argc, char **argv)
{
	int n = symbol_cache_keep((const char *const *)argv + 1, (size_t)argc - 1);

	printf("%d\n", n);
	return n < 0 ? 2 : 0;
}
