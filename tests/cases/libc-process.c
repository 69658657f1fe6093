/* SPDX-License-Identifier: MIT */
/* Where the process is captured strdup is seen as the malloc inside it. */
#include <stdlib.h>
#include <string.h>

static char *caller(void)
{
	char *volatile copy = strdup("text");

	return copy;
}

int main(void)
{
	free(caller());
	return 0;
}
