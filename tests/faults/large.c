/* SPDX-License-Identifier: MIT */
/* Blocks whose size, or whose distance in time, is too large for one record. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void *volatile block;

int main(int argc, char **argv)
{
	struct timespec long_time = {3, 0};

	if (argc > 1 && !strcmp(argv[1], "time")) {
		block = malloc(701);
		nanosleep(&long_time, NULL);
		block = malloc(702);
	} else {
		block = malloc((size_t)5 << 40);
	}
	return 0;
}
