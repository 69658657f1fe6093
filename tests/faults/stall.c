/* SPDX-License-Identifier: MIT */
/*
 * A disk that hangs: the first write of the trace does not return until another thread
 * has allocated, made a thread and seen it end. The runtime makes its system calls by
 * syscall(), and this one stands in its place.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int hangs, is_repaired;
static void *volatile sink;

static long (*libc_syscall)(long, ...);

long syscall(long number, ...)
{
	long a[6];
	va_list arguments;

	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(arguments, long);
	va_end(arguments);
	if (!libc_syscall) /* allocates nothing where it finds the name */
		libc_syscall = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	if (number == SYS_pwritev && !__atomic_exchange_n(&hangs, 1, __ATOMIC_SEQ_CST))
		while (!__atomic_load_n(&is_repaired, __ATOMIC_SEQ_CST))
			sched_yield();
	return libc_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void *allocate(void *n)
{
	for (size_t i = 0; i < (size_t)n; i++)
		free(sink = malloc(1000));
	return n;
}

int main(void)
{
	pthread_t stalled, other;

	if (pthread_create(&stalled, NULL, allocate, (void *)10000))
		return 2;
	while (!__atomic_load_n(&hangs, __ATOMIC_SEQ_CST))
		sched_yield();
	allocate((void *)10000);
	if (pthread_create(&other, NULL, allocate, (void *)10000) ||
	    pthread_join(other, NULL))
		return 2;
	__atomic_store_n(&is_repaired, 1, __ATOMIC_SEQ_CST);
	return pthread_join(stalled, NULL);
}
