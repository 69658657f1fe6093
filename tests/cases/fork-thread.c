/* SPDX-License-Identifier: MIT */
/* Children of a program whose threads come and go: a child's own thread may end. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int stop;
static void *volatile sink;

static void *brief(void *unused)
{
	free(sink = malloc(10));
	return unused;
}

static void *make_threads(void *unused)
{
	while (!stop) {
		pthread_t thread[20];
		for (int i = 0; i < 20; i++)
			pthread_create(&thread[i], NULL, brief, NULL);
		for (int i = 0; i < 20; i++)
			pthread_join(thread[i], NULL);
	}
	return unused;
}

int main(void)
{
	pthread_t maker;
	int hung = 0;
	free(sink = malloc(10));
	pthread_create(&maker, NULL, make_threads, NULL);
	for (int i = 0; i < 50; i++) {
		int status;
		pid_t child = fork();
		if (child == 0) {
			alarm(100); /* a hang, not a machine that is busy */
			free(sink = malloc(10));
			pthread_exit(NULL);
		}
		waitpid(child, &status, 0);
		hung += status != 0;
	}
	stop = 1;
	pthread_join(maker, NULL);
	return hung;
}
