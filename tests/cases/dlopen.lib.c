/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

void *plugin_allocate(size_t size);

void *plugin_allocate(size_t size)
{
	void *volatile p = malloc(size);

	return p;
}
