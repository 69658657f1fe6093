/* SPDX-License-Identifier: MIT */
/* Allocates, and prints what it sees of rheaper: whether the kernel calls for caution,
 * whether SIGUSR2 has a handler, whether something to ask it by is mapped. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

static int is_mapped(const char *name)
{
	char line[4096];
	FILE *maps = fopen("/proc/self/maps", "re");
	int found = 0;

	if (!maps)
		abort();
	while (fgets(line, sizeof(line), maps))
		found |= strstr(line, name) != NULL;
	fclose(maps);
	return found;
}

int main(void)
{
	struct sigaction action;
	void *volatile block = malloc(1000);

	free(block);
	sigaction(SIGUSR2, NULL, &action);
	printf("%d %d %d\n", getauxval(AT_SECURE) != 0, action.sa_handler != SIG_DFL,
	       is_mapped("memfd:"));
	return 0;
}
