/* SPDX-License-Identifier: MIT */
/*
 * Threads that fork while others allocate. A child allocates, in the ways that it came to
 * be by turns: fork, _Fork, the system call. It must not hang, and its parent's trace has
 * nothing of it. Prints how many children there were, and how many ended badly.
 *
 * usage: fork-storm FORKERS ALLOCATORS FORKS
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	MOST = 16
};

static int stop, n_bad;
static unsigned long forks_each, n_forks;
static void *volatile sink;

/* As many for each fork, so that the trace does not grow with the time that forks take.
 */
static void *allocate(void *unused)
{
	for (size_t i = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED);)
		if (i > 1000 + 50 * __atomic_load_n(&n_forks, __ATOMIC_RELAXED))
			sched_yield();
		else
			free(realloc(malloc(i++ % 300 + 1), i % 700 + 1));
	return unused;
}

/* The heap is libc's to make usable, and only fork() does that. */
static void child(unsigned long way)
{
	alarm(200); /* a hang, not a machine that is busy */
	if (way % 3 == 0)
		for (size_t i = 0; i < 50; i++)
			free(malloc(70000 + i));
	_exit(7);
}

static pid_t make_child(unsigned long way)
{
	switch (way % 3) {
	case 0:
		return fork();
	case 1:
		return _Fork();
	default:
		return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	}
}

static void *fork_often(void *unused)
{
	for (unsigned long i = 0; i < forks_each; i++) {
		int status = 0;
		pid_t pid = make_child(i);
		if (pid == 0)
			child(i);
		__atomic_fetch_add(&n_forks, 1, __ATOMIC_RELAXED);
		free(sink = malloc(60000));
		if (waitpid(pid, &status, 0) != pid || status != 7 << 8)
			__atomic_fetch_add(&n_bad, 1, __ATOMIC_RELAXED);
	}
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t forkers[MOST], allocators[MOST];
	size_t n_forkers = argc > 3 ? strtoul(argv[1], NULL, 10) : MOST + 1;
	size_t n_allocators = argc > 3 ? strtoul(argv[2], NULL, 10) : MOST + 1;

	if (n_forkers > MOST || n_allocators > MOST)
		return 2;
	forks_each = strtoul(argv[3], NULL, 10) / n_forkers;
	for (size_t i = 0; i < n_allocators; i++)
		pthread_create(&allocators[i], NULL, allocate, NULL);
	for (size_t i = 0; i < n_forkers; i++)
		pthread_create(&forkers[i], NULL, fork_often, NULL);
	for (size_t i = 0; i < n_forkers; i++)
		pthread_join(forkers[i], NULL);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (size_t i = 0; i < n_allocators; i++)
		pthread_join(allocators[i], NULL);
	dprintf(1, "%lu %d\n", forks_each * n_forkers, n_bad);
	return n_bad != 0;
}
