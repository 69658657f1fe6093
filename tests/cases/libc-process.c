/* SPDX-License-Identifier: MIT */
/* Where the process is captured, asprintf is seen as the malloc inside it, and so is
 * strdup in a static program. In a dynamic one strdup is the function that was called. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *caller(void)
{
	char *volatile copy = strdup("text");

	return copy;
}

static char *printer(void)
{
	char *text;

	return asprintf(&text, "%s", "text") < 0 ? NULL : text;
}

int main(void)
{
	free(caller());
	free(printer());
	return 0;
}
