/* SPDX-License-Identifier: MIT */
/* A library: NAME() allocates, value() is another one in each. With WAITS it waits, while
 * it is loaded, for a thread that allocates. */
#include <pthread.h>
#include <stdlib.h>

void *NAME(void);
int value(void);
int value_seen(void);

__attribute__((noinline)) void *NAME(void)
{
	void *volatile p = malloc(4242);

	return p;
}

int value(void)
{
	return VALUE;
}

/* By the scope in which it was loaded. */
int value_seen(void)
{
	return value();
}

#ifdef WAITS
static void *allocate(void *unused)
{
	for (int i = 0; i < 1000; i++)
		free(NAME());
	return unused;
}

__attribute__((constructor)) static void wait_for_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, allocate, NULL);
	pthread_join(thread, NULL);
}
#endif
