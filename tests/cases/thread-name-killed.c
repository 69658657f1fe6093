/* SPDX-License-Identifier: MIT */
/* A thread's new name is in the trace once its buffer was full, even of a killed program.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

static void *volatile sink;

int main(void)
{
	sink = malloc(1);
	if (pthread_setname_np(pthread_self(), "in the middle"))
		return 1;
	for (int i = 0; i < 1000; i++)
		free(sink = malloc(2));
	if (pthread_setname_np(pthread_self(), "too late"))
		return 2;
	return raise(SIGKILL);
}
