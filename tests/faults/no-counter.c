/* SPDX-License-Identifier: MIT */
/*
 * Allocates before and after it forbids itself to read the processor's counter. Prints
 * how long it took, in nanoseconds, by a system call, for libc's clock reads the counter
 * as well.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void *volatile sink;

static long now(void)
{
	struct timespec t = {0, 0};

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000 + t.tv_nsec;
}

static void allocate(size_t size, int n)
{
	while (n-- > 0) {
		sink = malloc(size);
		free(sink);
	}
}

int main(void)
{
	allocate(601, 1);
	if (prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0) != 0)
		return 77;
	allocate(602, 1);
	long begun = now();
	allocate(603, 200000);
	long took = now() - begun;
	allocate(604, 1);
	dprintf(1, "%ld\n", took);
	return 0;
}
