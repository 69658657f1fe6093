/* SPDX-License-Identifier: MIT */
/* usage: own-stack N [SIZE]: N blocks in a thread, on a stack of libc's, or of SIZE bytes
 * that the program made. */
#include <pthread.h>
#include <stdlib.h>

static void *volatile sink;

static void *allocate(void *wanted)
{
	for (size_t n = (size_t)wanted; n > 0; n--) {
		sink = malloc(512);
		free(sink);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	size_t wanted = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	size_t size = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	pthread_attr_t attributes;
	pthread_t thread;
	void *stack = malloc(size);

	pthread_attr_init(&attributes);
	if (size && pthread_attr_setstack(&attributes, stack, size) != 0)
		return 1;
	if (pthread_create(&thread, &attributes, allocate, (void *)wanted) != 0 ||
	    pthread_join(thread, NULL) != 0)
		return 1;
	free(stack);
	return 0;
}
