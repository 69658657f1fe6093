/* SPDX-License-Identifier: MIT */
/* More events than a window holds, with every tenth block kept. */
#include <stdlib.h>

static void *volatile sink;

int main(void)
{
	for (int i = 0; i < 100000; i++) {
		sink = malloc(10 + (size_t)(i % 100));
		if (i % 10)
			free(sink);
	}
	return 0;
}
