/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

void *allocate(size_t size)
{
	void *volatile p = malloc(size);
	return p;
}
