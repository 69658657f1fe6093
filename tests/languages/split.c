/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <string.h>

#include "ledger.h"

/* Deeper than the first segment of the thread's stack. */
static int descend(int depth)
{
	volatile char room[4096];

	memset((char *)room, depth, sizeof(room));
	return depth > 0 ? descend(depth - 1) + room[7] : work(7013);
}

static void *run(void *argument)
{
	descend(100);
	return argument;
}

int main(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, run, NULL) || pthread_join(thread, NULL);
}
