/* SPDX-License-Identifier: MIT */
/* Blocks that one thread allocates and another frees. */
#include <pthread.h>
#include <stdlib.h>

enum {
	N = 100
};
static void *volatile blocks[N];

static void *allocate(void *unused)
{
	for (int i = 0; i < N; i++)
		blocks[i] = malloc(1000);
	return unused;
}

static void *release(void *unused)
{
	for (int i = 0; i < N; i++)
		free(blocks[i]);
	return unused;
}

static void in_thread(void *(*function)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, function, NULL) != 0)
		abort();
	pthread_join(thread, NULL);
}

int main(void)
{
	in_thread(allocate);
	in_thread(release);
	in_thread(allocate);
	release(NULL);
	allocate(NULL);
	in_thread(release);
	return 0;
}
