/* SPDX-License-Identifier: MIT */
/* Executes itself, and says which pid it has. The trace of the first image stays. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char *second[] = {argv[0], "second", NULL};
	void *volatile p = malloc(argc == 1 ? 6001 : 6002);

	free(p);
	if (argc > 1)
		return 0;
	execv(argv[0], second);
	return 1;
}
