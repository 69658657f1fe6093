/* SPDX-License-Identifier: MIT */
/* A program that looks for its own leaks while it runs. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <rheaper.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

static void *volatile kept, *volatile kept_by_thread;
static volatile int stop;
static uint64_t reachable_at_first;

static NOINLINE void clear(void)
{
	char room[8192];

	memset(room, 0, sizeof(room));
	__asm__ volatile("" : : "r"(room) : "memory");
}

/* Against what was there at first: libc's own blocks are reachable. */
static NOINLINE void say_now(const char *when)
{
	struct rheaper_leaks l = rheaper_leak_check();

	if (reachable_at_first == 0)
		reachable_at_first = l.still_reachable_blocks;
	printf("%s %llu %llu %llu %llu", when,
	       (unsigned long long)l.definitely_lost_blocks,
	       (unsigned long long)l.indirectly_lost_blocks,
	       (unsigned long long)l.possibly_lost_blocks,
	       (unsigned long long)(l.still_reachable_blocks - reachable_at_first));
	if (l.other_threads)
		printf(" other %u", (unsigned)l.other_threads);
	putchar('\n');
}

/* A frame that holds nothing of functions which were called before. */
static NOINLINE void say(const char *when)
{
	clear();
	say_now(when);
	__asm__ volatile(""); /* no tail call */
}

static NOINLINE void lose(void)
{
	void **p = calloc(1, 2001);

	__asm__ volatile("" : "+r"(p));
	kept = malloc(2003);
}

static NOINLINE void lose_more(void)
{
	void **p = calloc(1, 2005);

	__asm__ volatile("" : "+r"(p));
	p[1] = malloc(2007);
}

/* It runs, and allocates, all the time. */
static void *run(void *unused)
{
	while (!stop)
		free(malloc(64));
	return unused;
}

static int count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(directory))
		n++;
	closedir(directory);
	return n;
}

static void with_thread(void)
{
	pthread_t thread;

	/* One block of libc's for the thread's variables. */
	pthread_create(&thread, NULL, run, NULL);
	say("running");
	stop = 1;
	pthread_join(thread, NULL);
}

int main(void)
{
	static char buffer[4096];
	int before = count_descriptors();

	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	kept_by_thread = malloc(1);
	say("before");
	lose();
	say("lost");
	lose_more();
	say("more");
	with_thread();
	puts(count_descriptors() == before ? "descriptors same" : "descriptors differ");
	puts(waitpid(-1, NULL, __WALL) < 0 && errno == ECHILD ? "children none"
							      : "children");
	rheaper_disable_tracking();
	printf("off %d\n", (int)rheaper_leak_check().error);
	puts("busy or done");
	return 0;
}
