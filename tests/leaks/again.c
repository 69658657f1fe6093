/* SPDX-License-Identifier: MIT */
/*
 * Scans for leaks that come more than once, or while other threads do something.
 *
 * usage: again later|busy|boxes|forks|refused
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rheaper.h"

enum {
	N_KEPT = 1000,
	N_BOXES = 64
};

static void *volatile kept[N_KEPT];
static atomic_int n_scans;

static void fill(size_t size)
{
	for (int i = 0; i < N_KEPT; i++)
		kept[i] = malloc(size);
}

static void forget(void)
{
	for (int i = 0; i < N_KEPT; i++)
		kept[i] = NULL;
}

static void *scan_for_ever(void *unused)
{
	for (;;)
		if (rheaper_leak_check().error == RHEAPER_OK)
			n_scans++;
		else
			sched_yield();
	return unused;
}

static void start(void *(*run)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, NULL) != 0)
		abort();
}

static void wait_for_scans(int n)
{
	for (int until = n_scans + n; n_scans < until;)
		usleep(1000);
}

/* What is reachable at the scan is lost at the end. */
static void later(void)
{
	fill(3001);
	if (rheaper_leak_check().error != RHEAPER_OK)
		abort();
	forget();
}

/* The same while threads scan all the time. */
static void busy(void)
{
	fill(3002);
	for (int i = 0; i < 4; i++)
		start(scan_for_ever);
	wait_for_scans(2);
	forget();
}

/* Of each box there is one in its place at any time, and it has the data. */
static struct box {
	void *data;
	char rest[56];
} *volatile boxes[N_BOXES];

static void *replace_boxes(void *unused)
{
	for (;;) {
		struct box *old[N_BOXES];

		for (int i = 0; i < N_BOXES; i++) {
			struct box *b = malloc(sizeof(*b));

			old[i] = boxes[i];
			b->data = old[i]->data;
			boxes[i] = b;
		}
		n_scans++;
		for (int i = 0; i < N_BOXES; i++)
			free(old[i]);
	}
	return unused;
}

static void change_boxes(void)
{
	for (int i = 0; i < N_BOXES; i++) {
		boxes[i] = malloc(sizeof(struct box));
		boxes[i]->data = calloc(1, 3003);
	}
	start(replace_boxes);
	wait_for_scans(100);
}

/* Children of a process in the middle of a scan. */
static void forks(void)
{
	start(scan_for_ever);
	wait_for_scans(2);
	for (int i = 0; i < 5; i++) {
		pid_t child = fork();

		if (child == 0) {
			kept[0] = malloc(3004);
			exit(0);
		}
		waitpid(child, NULL, 0);
	}
}

static int shared_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[4096];
	int n = 0;

	while (maps && fgets(line, sizeof(line), maps))
		n += strstr(line, "/dev/zero") != NULL;
	fclose(maps);
	return n;
}

static void *scan_some(void *unused)
{
	for (int i = 0; i < 20; i++)
		n_scans += rheaper_leak_check().error != RHEAPER_OK;
	return unused;
}

static void refused(void)
{
	pthread_t threads[4];
	int before;

	/* What the first scan keeps for the next is mapped once */
	rheaper_leak_check();
	before = shared_mappings();
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, scan_some, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	printf("refused %s, mappings %+d\n", n_scans ? "some" : "none",
	       shared_mappings() - before);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} modes[] = {{"later", later},
		     {"busy", busy},
		     {"boxes", change_boxes},
		     {"forks", forks},
		     {"refused", refused}};

	for (size_t i = 0; argc == 2 && i < sizeof(modes) / sizeof(*modes); i++)
		if (strcmp(argv[1], modes[i].name) == 0)
			modes[i].run();
	return 0;
}
