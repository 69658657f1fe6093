// SPDX-License-Identifier: MIT
/*
 * The names are asked for one by one, as the runtime takes the first that is free: a
 * directory may have thousands of traces, and a load names as many.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cli.h"
#include "contract/format.h"

#include "analysis/later.h"

#define MOST_MISSING 8 /* numbers in a row whose traces were removed */

/* What is known of the trace at a place. */
struct beginning {
	uint64_t ns; /* since 1970; 0: there is no trace of this format */
	uint32_t pid;
	bool is_child; /* of a process that has a trace, too */
	bool is_over;  /* the process was at its end when the trace was */
};

static struct beginning begun(const char *path)
{
	struct rhp_file_header header;
	struct beginning found = {0};
	struct stat status;
	bool fits;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return found;
	fits = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	       pread(fd, &header, sizeof(header), 0) == (ssize_t)sizeof(header) &&
	       memcmp(header.magic, RHP_TRACE_MAGIC, sizeof(header.magic)) == 0 &&
	       header.byte_order == RHP_BYTE_ORDER_MARK &&
	       header.version >= RHP_TRACE_VERSION_FIRST &&
	       header.version <= RHP_TRACE_VERSION;
	close(fd);
	if (fits)
		found = (struct beginning){.ns = header.start_realtime_ns,
					   .pid = header.pid,
					   .is_child = header.is_child != 0,
					   .is_over = header.state == RHP_STATE_EXITED ||
						      header.state == RHP_STATE_RUNNING};
	return found;
}

/* A process that traces twice, and its forked children, take numbers, too. In containers
 * every process has the same pid; but one that has ended traces no more. */
static bool is_of_one_run(const struct beginning *asked, const struct beginning *other)
{
	return other->is_child || (other->pid == asked->pid && !asked->is_over);
}

/* Its path, NULL if none began later than the one at `path`. */
static char *find_later(const char *path)
{
	struct beginning asked = begun(path), other;
	uint64_t newest = asked.ns;
	char *found = NULL, *name;

	for (int n = 1, missing = 0; newest && missing < MOST_MISSING; n++) {
		if (asprintf(&name, "%s.%d", path, n) < 0)
			break;
		other = begun(name);
		missing = other.ns ? 0 : missing + 1;
		if (other.ns > newest && !is_of_one_run(&asked, &other)) {
			newest = other.ns;
			free(found);
			found = name;
		} else {
			free(name);
		}
	}
	return found;
}

static bool is_among(const char *path, const char *const *paths, size_t n)
{
	struct stat one, other;
	bool found = false;

	for (size_t i = 0; i < n && !found; i++) /* what most often is so */
		found = strcmp(path, paths[i]) == 0;
	found = found || stat(path, &one) != 0; /* gone meanwhile */
	for (size_t i = 0; i < n && !found; i++)
		found = stat(paths[i], &other) == 0 && one.st_dev == other.st_dev &&
			one.st_ino == other.st_ino;
	return found;
}

void later_warn(const char *path, const char *const *paths, size_t n)
{
	char *later = find_later(path);

	if (later && !is_among(later, paths, n))
		warn("reading %s, although %s is newer; name that to read it", path,
		     later);
	free(later);
}

/* The traces that are named by a path and a number. */
struct numbered {
	char *path;
	struct beginning *list; /* by number, from 1 */
	size_t n;
};

static void numbered_fini(struct numbered *row)
{
	free(row->path);
	free(row->list);
	*row = (struct numbered){0};
}

/* Of one path after the other: traces of a program that has many stand together. */
static void numbered_read(struct numbered *row, const char *path, size_t length)
{
	if (row->path && strlen(row->path) == length &&
	    strncmp(row->path, path, length) == 0)
		return;
	numbered_fini(row);
	row->path = strndup(path, length);
	for (int missing = 0; row->path && missing < MOST_MISSING;) {
		struct beginning *grown =
			reallocarray(row->list, row->n + 1, sizeof(*row->list));
		char *name = NULL;

		if (!grown || asprintf(&name, "%s.%zu", row->path, row->n + 1) < 0)
			break;
		row->list = grown;
		row->list[row->n++] = begun(name);
		missing = row->list[row->n - 1].ns ? 0 : missing + 1;
		free(name);
	}
}

/* The length of a path without a number. */
static size_t length_of_name(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && dot[1] && dot[1 + strspn(dot + 1, "0123456789")] == 0
		       ? (size_t)(dot - path)
		       : strlen(path);
}

/* The first later one of the process of `asked` that is not among the paths, or NULL. */
static char *find_left_out(const struct numbered *row, const struct beginning *asked,
			   const char *const *paths, size_t n)
{
	for (size_t i = 0; i < row->n; i++) {
		char *name = NULL;

		if (row->list[i].pid != asked->pid || row->list[i].ns <= asked->ns ||
		    asprintf(&name, "%s.%zu", row->path, i + 1) < 0)
			continue;
		if (!is_among(name, paths, n))
			return name;
		free(name);
	}
	return NULL;
}

void later_find_left_out(const char *const *paths, size_t n,
			 void (*take)(void *context, const char *path, const char *later),
			 void *context)
{
	struct numbered of_path = {0}, of_name = {0};

	for (size_t i = 0; i < n; i++) {
		struct beginning asked = begun(paths[i]);
		size_t length = length_of_name(paths[i]);
		char *later;

		if (!asked.ns || asked.is_over)
			continue;
		numbered_read(&of_path, paths[i], strlen(paths[i]));
		later = find_left_out(&of_path, &asked, paths, n);
		if (!later && paths[i][length]) {
			numbered_read(&of_name, paths[i], length);
			later = find_left_out(&of_name, &asked, paths, n);
		}
		if (later)
			take(context, paths[i], later);
		free(later);
	}
	numbered_fini(&of_path);
	numbered_fini(&of_name);
}

static void warn_first(void *context, const char *path, const char *later)
{
	if ((*(size_t *)context)++ == 0)
		warn("reading %s without %s, a later trace of the same process; name "
		     "that, too",
		     path, later);
}

void later_warn_left_out(const char *const *paths, size_t n)
{
	size_t n_left_out = 0;

	later_find_left_out(paths, n, warn_first, &n_left_out);
	if (n_left_out > 1)
		warn("reading %zu other trace%s without later ones of the same process%s",
		     n_left_out - 1, n_left_out == 2 ? "" : "s",
		     n_left_out == 2 ? "" : "es");
}
