/* SPDX-License-Identifier: MIT */
/* Frees what it must not, after a thousand blocks that it keeps. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static char *volatile block;
static pthread_barrier_t together;

static void *release(void *unused)
{
	pthread_barrier_wait(&together);
	free(block);
	return unused;
}

static void from_threads(void)
{
	pthread_t threads[16];

	pthread_barrier_init(&together, NULL, 16);
	for (int i = 0; i < 16; i++)
		pthread_create(&threads[i], NULL, release, NULL);
	for (int i = 0; i < 16; i++)
		pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	static char number[100];

	for (int i = 0; i < 1000; i++)
		block = malloc(555);
	block = calloc(1, 1111); /* so that what looks like the head of a block is none */
	if (!strcmp(what, "nothing"))
		for (int i = 0; i < 1000; i++)
			free(NULL);
	else if (!strcmp(what, "twice"))
		free(block), free(block);
	else if (!strcmp(what, "inside"))
		free(block + 16);
	else if (!strcmp(what, "no-block"))
		free(number + 8);
	else
		from_threads();
	return 0;
}
