// SPDX-License-Identifier: MIT
/*
 * Takes every input of a corpus through a fuzz target, in the order of their names; a
 * crash, a sanitizer's report or a hang is the failure. Prints TAP, a point per input.
 *
 * usage: NAME DIRECTORY
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define MAX_SIZE (1 << 20)
#define PATIENCE_S 60

static uint8_t input[MAX_SIZE];

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void replay(const char *directory, const char *name)
{
	char path[4096];
	uint8_t *copy;
	size_t size;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	in = fopen(path, "rb");
	size = in ? fread(input, 1, sizeof(input), in) : 0;
	if (!in || ferror(in)) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	fclose(in);
	copy = malloc(size ? size : 1); /* so that sanitizers see its end */
	if (!copy)
		exit(EXIT_FAILURE);
	memcpy(copy, input, size);
	alarm(PATIENCE_S);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	int n = argc == 2 ? scandir(argv[1], &entries, is_input, alphasort) : -1;

	if (n <= 0) {
		fprintf(stderr, "usage: %s DIRECTORY of inputs\n", argv[0]);
		return EXIT_FAILURE;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		replay(argv[1], entries[i]->d_name);
		printf("ok %d - L1_%s\n", i + 1, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return EXIT_SUCCESS;
}
