/* SPDX-License-Identifier: MIT */
/* A killed program's trace is whole up to its last event. */
#include <signal.h>
#include <stdlib.h>

static void *volatile sink;

int main(void)
{
	for (size_t i = 1; i <= 1000; i++) {
		sink = malloc(100000 + i);
		if (i % 2)
			free(sink);
	}
	return raise(SIGKILL);
}
