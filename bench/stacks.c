/* SPDX-License-Identifier: MIT */
/*
 * Many stacks: malloc and free, from STACKS stacks of depth 32 in turn. Which of two
 * calls each function makes is a bit of the stack's number, so any frame may return
 * elsewhere than in the stack before. Prints nanoseconds of the process's own CPU time
 * for a pair: of the first sight of each stack, and after that.
 *
 * usage: stacks STACKS PAIRS
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define DEPTH 32

static void *volatile block;
static volatile int sink;

__attribute__((noinline)) static void descend(unsigned int bits, int depth)
{
	if (depth == 0) {
		block = malloc(40);
		free(block);
	} else if (bits & 1) {
		descend(bits >> 1, depth - 1);
	} else {
		descend(bits >> 1, depth - 1);
		sink = 1;
	}
	sink = 0; /* no tail calls */
}

static double cpu_ns(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e9 +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e3;
}

int main(int argc, char **argv)
{
	unsigned int n = argc > 2 ? (unsigned int)atoi(argv[1]) : 0;
	unsigned int pairs = argc > 2 ? (unsigned int)atoi(argv[2]) : 0;

	if (n == 0 || pairs < n)
		return 2;
	double begin = cpu_ns(), seen = 0;
	/* One call of descend(), or each stack would be two. */
	for (unsigned int i = 0; i < n + pairs; i++) {
		if (i == n)
			seen = cpu_ns();
		descend(i % n * 2654435761u, DEPTH);
	}
	printf("%.1f %.1f\n", (seen - begin) / n, (cpu_ns() - seen) / pairs);
	return 0;
}
