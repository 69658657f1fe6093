/* SPDX-License-Identifier: MIT */
/* A trace that cannot be written costs one line; the program runs on. */
#include <stdlib.h>

int main(void)
{
	void *volatile block = malloc(1000);

	free(block);
	return 42;
}
