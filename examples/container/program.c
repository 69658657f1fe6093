/* SPDX-License-Identifier: MIT */
/* Something to be profiled: two threads that allocate, free, and leak a little. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static void *volatile leaked[2][10];

static void *work(void *number)
{
	int n = *(const int *)number;

	for (int i = 0; i < 20000; i++)
		free(realloc(malloc(100), 200));
	for (int i = 0; i < 10; i++)
		leaked[n][i] = malloc(500);
	return NULL;
}

int main(void)
{
	static const int numbers[2] = {0, 1};
	pthread_t other;

	if (pthread_create(&other, NULL, work, (void *)&numbers[1]) != 0)
		return 1;
	work((void *)&numbers[0]);
	pthread_join(other, NULL);
	return puts("done") == EOF;
}
