/* SPDX-License-Identifier: MIT */
/* Threads that get their names, or others, after their first event. */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/prctl.h>

static void *volatile kept[4];
static sem_t has_allocated, is_named, for_ever;

static void *names_itself(void *unused)
{
	kept[0] = malloc(30011);
	prctl(PR_SET_NAME, "names itself");
	return unused;
}

static void *is_named_by_main(void *unused)
{
	kept[1] = malloc(30013);
	sem_post(&has_allocated);
	sem_wait(&is_named);
	return unused;
}

static void *lives_on(void *unused)
{
	kept[2] = malloc(30017);
	sem_post(&has_allocated);
	sem_wait(&for_ever);
	return unused;
}

int main(void)
{
	pthread_t threads[3];

	kept[3] = malloc(30019);
	if (sem_init(&has_allocated, 0, 0) || sem_init(&is_named, 0, 0) ||
	    sem_init(&for_ever, 0, 0))
		return 1;
	if (pthread_create(&threads[0], NULL, names_itself, NULL) ||
	    pthread_join(threads[0], NULL))
		return 2;
	/* In the same stream as the one before */
	if (pthread_create(&threads[1], NULL, is_named_by_main, NULL))
		return 3;
	sem_wait(&has_allocated);
	if (pthread_setname_np(threads[1], "named by main"))
		return 4;
	sem_post(&is_named);
	if (pthread_join(threads[1], NULL))
		return 5;
	if (pthread_create(&threads[2], NULL, lives_on, NULL))
		return 6;
	sem_wait(&has_allocated);
	if (pthread_setname_np(threads[2], "lives on") ||
	    pthread_setname_np(pthread_self(), "fifteen letters"))
		return 7;
	return 0;
}
