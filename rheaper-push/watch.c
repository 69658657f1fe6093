// SPDX-License-Identifier: MIT
/*
 * Each look reads at most a few milliseconds of each trace, so that one that is far
 * behind holds up no other. Traces that are over are closed: what is remembered of a file
 * is its number and name, as long as it is there.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/array.h"
#include "common/cli.h"
#include "common/clock.h"
#include "contract/format.h"
#include "push/growing.h"
#include "push/send.h"
#include "push/spool.h"
#include "trace/reader.h"

#include "rheaper-push/watch.h"

#define POLL_MS 50

struct file {
	char *path;
	dev_t device;
	ino_t inode;
	struct growing *growing; /* NULL: it is over, or cannot be read */
	bool seen;               /* at this look */
};

struct files {
	struct file *files;
	size_t n, n_max;
};

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static bool is_trace(const char *path)
{
	char magic[sizeof(RHP_TRACE_MAGIC) - 1];
	FILE *in = fopen(path, "re");
	bool is = in && fread(magic, 1, sizeof(magic), in) == sizeof(magic) &&
		  memcmp(magic, RHP_TRACE_MAGIC, sizeof(magic)) == 0;

	if (in)
		fclose(in);
	return is;
}

static struct file *find(struct files *list, const struct stat *status)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->files[i].device == status->st_dev &&
		    list->files[i].inode == status->st_ino)
			return &list->files[i];
	return NULL;
}

static void open_file(struct watch *w, struct file *f)
{
	int error = growing_open(&f->growing, f->path, w->settings);

	if (error == READER_EMPTY || error == READER_CUT_SHORT) {
		f->inode = 0; /* it has only begun: at the next look */
		f->seen = false;
	} else if (error) {
		warn("follow %s: %s", f->path, reader_explain(error));
		w->n_left++;
	} else {
		w->n_followed++;
	}
}

static void add_file(struct watch *w, struct files *list, const char *path,
		     const struct stat *status)
{
	struct file *f;

	if (array_grow((void **)&list->files, &list->n_max, list->n + 1,
		       sizeof(*list->files)))
		die("follow %s: out of memory", path);
	f = &list->files[list->n++];
	*f = (struct file){.path = strdup(path),
			   .device = status->st_dev,
			   .inode = status->st_ino,
			   .seen = true};
	if (!f->path)
		die("follow %s: out of memory", path);
	if (!w->max_age_s || status->st_mtime >= time(NULL) - w->max_age_s)
		open_file(w, f);
}

static void take_name(struct watch *w, struct files *list, const char *name)
{
	struct stat status;
	struct file *f;
	char *path;

	if (asprintf(&path, "%s/%s", w->directory, name) < 0)
		die("follow %s: out of memory", w->directory);
	if (stat(path, &status) == 0 && S_ISREG(status.st_mode)) {
		f = find(list, &status);
		if (f)
			f->seen = true;
		else if (is_trace(path))
			add_file(w, list, path, &status);
	}
	free(path);
}

static void forget(struct files *list, size_t i)
{
	if (list->files[i].growing)
		growing_close(list->files[i].growing);
	free(list->files[i].path);
	list->files[i] = list->files[--list->n];
}

/* Who removes a trace that is followed has what was read of it sent. */
static void look(struct watch *w, struct files *list)
{
	DIR *directory = opendir(w->directory);
	struct dirent *entry;

	if (!directory)
		die("read %s:", w->directory);
	for (size_t i = 0; i < list->n; i++)
		list->files[i].seen = false;
	while ((entry = readdir(directory)))
		take_name(w, list, entry->d_name);
	closedir(directory);
	for (size_t i = list->n; i-- > 0;)
		if (!list->files[i].seen && !list->files[i].growing)
			forget(list, i);
}

/* Returns whether there is more to read. */
static bool read_all(struct watch *w, struct files *list)
{
	bool more = false;

	for (size_t i = 0; i < list->n; i++) {
		struct file *f = &list->files[i];
		int result = f->growing ? growing_poll(f->growing, POLL_MS) : 0;

		more |= result == 1;
		if (result < 0 || result > 1) {
			warn("follow %s: %s", f->path, reader_explain(result));
			w->n_left++;
		}
		if (f->growing &&
		    (result < 0 || result > 1 || growing_is_over(f->growing))) {
			growing_close(f->growing);
			f->growing = NULL;
		}
	}
	return more;
}

/* When to try again: after an error twice as late as before, and when the engine says. */
static int64_t send_now(struct watch *w, int *backoff_ms)
{
	struct send *send = w->send;

	send->stopped = NULL;
	send_all(send);
	if (!send->stopped) {
		*backoff_ms = 0;
		return 0;
	}
	*backoff_ms = *backoff_ms ? 2 * *backoff_ms : (int)send->backoff_ms;
	if (*backoff_ms > w->max_backoff_ms)
		*backoff_ms = w->max_backoff_ms;
	if (send->retry_after_s * 1000 > *backoff_ms)
		return clock_ns() + send->retry_after_s * INT64_C(1000000000);
	return clock_ns() + *backoff_ms * INT64_C(1000000);
}

void watch_run(struct watch *w)
{
	struct sigaction action = {.sa_handler = end};
	struct files list = {0};
	int backoff_ms = 0;
	int64_t not_before = 0;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	while (!ended) {
		const struct timespec pause = {.tv_sec = w->interval_ms / 1000,
					       .tv_nsec =
						       w->interval_ms % 1000 * 1000000L};
		bool more;

		look(w, &list);
		more = read_all(w, &list);
		if (spool_n_waiting(w->send->spool) && clock_ns() >= not_before)
			not_before = send_now(w, &backoff_ms);
		if (!more && !ended)
			nanosleep(&pause, NULL);
	}
	while (list.n)
		forget(&list, list.n - 1);
	free(list.files);
}
