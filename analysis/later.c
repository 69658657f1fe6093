// SPDX-License-Identifier: MIT
/*
 * The runtime takes the first number that is free, and traces of lower numbers may have
 * been removed since. So the directory tells which there are; it is read once for traces
 * that stand together, for a load may name thousands.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/path.h"
#include "contract/format.h"

#include "analysis/later.h"

/* What is known of the trace at a place. */
struct beginning {
	uint64_t ns;     /* since 1970; 0: there is no trace */
	uint64_t end_ns; /* when it ended, or was last heard of */
	uint32_t pid;
	bool is_child; /* of a process that has a trace, too */
	bool is_over;  /* the process was at its end when the trace was */
};

/* The clock of files goes by the kernel's ticks, and so may be behind. */
#define TICK_NS 10000000

/* Of a trace that somebody else may read, or of another version, no more is known than
 * when it was written last. */
static struct beginning written(const char *path)
{
	struct beginning found = {0};
	struct stat status;

	if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
		found.ns = found.end_ns = (uint64_t)status.st_mtim.tv_sec * 1000000000 +
					  (uint64_t)status.st_mtim.tv_nsec + TICK_NS;
	return found;
}

static struct beginning begun(const char *path)
{
	struct rhp_file_header header;
	struct beginning found = {0};
	struct stat status;
	bool is_trace;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return errno == EACCES ? written(path) : found;
	is_trace = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
		   pread(fd, &header, sizeof(header), 0) == (ssize_t)sizeof(header) &&
		   memcmp(header.magic, RHP_TRACE_MAGIC, sizeof(header.magic)) == 0;
	close(fd);
	if (!is_trace)
		return found;
	if (header.byte_order != RHP_BYTE_ORDER_MARK ||
	    header.version < RHP_TRACE_VERSION_FIRST ||
	    header.version > RHP_TRACE_VERSION)
		return written(path);
	return (struct beginning){.ns = header.start_realtime_ns,
				  .end_ns = header.start_realtime_ns +
					    (header.last_ns > header.start_ns
						     ? header.last_ns - header.start_ns
						     : 0),
				  .pid = header.pid,
				  .is_child = header.is_child != 0,
				  .is_over = header.state == RHP_STATE_EXITED ||
					     header.state == RHP_STATE_RUNNING};
}

/* A process that traces twice, and its forked children, take numbers, too. In containers
 * every process has the same pid; but one that has ended traces no more. */
static bool is_of_one_run(const struct beginning *asked, const struct beginning *other)
{
	return other->is_child || (other->pid == asked->pid && !asked->is_over);
}

/* The length of a path without a number. */
static size_t length_of_name(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && dot[1] && dot[1 + strspn(dot + 1, "0123456789")] == 0
		       ? (size_t)(dot - path)
		       : strlen(path);
}

/* Who is told. */
struct listener {
	void (*say)(void *context, const char *sentence);
	void *context;
};

__attribute__((format(printf, 2, 3))) static void tell(const struct listener *listener,
						       const char *format, ...)
{
	va_list arguments;
	char *sentence;
	int n;

	va_start(arguments, format);
	n = vasprintf(&sentence, format, arguments);
	va_end(arguments);
	listener->say(listener->context, n < 0 ? "out of memory" : sentence);
	if (n >= 0)
		free(sentence);
}

/* The names in a directory that have a number, sorted. */
struct directory {
	const struct listener *listener;
	char *path; /* with its slash; "" is the present one. NULL: none was read */
	char **names;
	size_t n, n_max;
};

static void directory_fini(struct directory *d)
{
	for (size_t i = 0; i < d->n; i++)
		free(d->names[i]);
	free(d->names);
	free(d->path);
	*d = (struct directory){.listener = d->listener};
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static bool is_before(const void *element, const void *key)
{
	return strcmp(*(char *const *)element, key) < 0;
}

/* 0 or -errno */
static int take_names(struct directory *d, DIR *in)
{
	struct dirent *entry;

	while (errno = 0, entry = readdir(in)) {
		if (entry->d_name[length_of_name(entry->d_name)] == 0)
			continue;
		if (array_grow((void **)&d->names, &d->n_max, d->n + 1,
			       sizeof(*d->names)))
			return -ENOMEM;
		d->names[d->n] = strdup(entry->d_name);
		if (!d->names[d->n])
			return -ENOMEM;
		d->n++;
	}
	return -errno;
}

/* Makes it the directory of a path. */
static void directory_read(struct directory *d, const char *path)
{
	size_t length = (size_t)(path_base(path) - path);
	int error = 0;
	DIR *in;

	if (d->path && strlen(d->path) == length && strncmp(d->path, path, length) == 0)
		return;
	directory_fini(d);
	d->path = strndup(path, length);
	in = d->path ? opendir(length ? d->path : ".") : NULL;
	error = in ? take_names(d, in) : -errno;
	if (in)
		closedir(in);
	if (error)
		tell(d->listener,
		     "list the directory of %s: %s; whether there are later traces of "
		     "that name is not known",
		     path, strerror(-error));
	if (d->n)
		qsort(d->names, d->n, sizeof(*d->names), compare_names);
}

struct numbered_trace {
	char *path;
	struct beginning begun;
};

/* The traces that are named by a path and a number, in the order of these. */
struct numbered {
	char *path;
	struct numbered_trace *list;
	size_t n, n_max;
};

static void numbered_fini(struct numbered *row)
{
	for (size_t i = 0; i < row->n; i++)
		free(row->list[i].path);
	free(row->path);
	free(row->list);
	*row = (struct numbered){0};
}

static int compare_numbers(const void *left, const void *right)
{
	const char *a = ((const struct numbered_trace *)left)->path;
	const char *b = ((const struct numbered_trace *)right)->path;
	size_t n_a = strlen(a), n_b = strlen(b);

	return n_a != n_b ? (n_a > n_b) - (n_a < n_b) : strcmp(a, b);
}

static int numbered_add(struct numbered *row, const char *directory, const char *name)
{
	struct numbered_trace trace;

	if (array_grow((void **)&row->list, &row->n_max, row->n + 1, sizeof(trace)) ||
	    asprintf(&trace.path, "%s%s", directory, name) < 0)
		return -ENOMEM;
	trace.begun = begun(trace.path);
	row->list[row->n++] = trace;
	return 0;
}

/* Of the first bytes of a path, and of one path after the other: traces of a program that
 * has many stand together. */
static void numbered_read(struct numbered *row, struct directory *d, const char *path,
			  size_t length)
{
	size_t n;
	char *prefix;

	if (row->path && strlen(row->path) == length &&
	    strncmp(row->path, path, length) == 0)
		return;
	numbered_fini(row);
	directory_read(d, path);
	row->path = strndup(path, length);
	if (!row->path || asprintf(&prefix, "%s.", path_base(row->path)) < 0)
		return;
	n = strlen(prefix);
	for (size_t i = array_lower_bound(d->names, d->n, sizeof(*d->names), prefix,
					  is_before);
	     i < d->n && strncmp(d->names[i], prefix, n) == 0; i++) {
		if (length_of_name(d->names[i]) == n - 1 &&
		    numbered_add(row, d->path, d->names[i]))
			break;
	}
	free(prefix);
	if (row->n)
		qsort(row->list, row->n, sizeof(*row->list), compare_numbers);
}

/* Where a path leads: later traces stand beside the file, not beside a link to it. */
static char *follow(const char *path)
{
	struct stat status;
	bool is_link = lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
	char *target = is_link ? realpath(path, NULL) : NULL;

	return target ? target : strdup(path);
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

/* The others that are not of the same run. */
struct others {
	const char *newest; /* that began when the asked one was over; NULL: none did */
	size_t n_newer;     /* how many */
	const char *beside; /* the first that began before, but after the asked one */
	size_t n_beside;
};

static struct others find_others(const struct numbered *row,
				 const struct beginning *asked)
{
	struct others found = {0};
	uint64_t newest = asked->end_ns;

	for (size_t i = 0; i < row->n; i++) {
		const struct numbered_trace *other = &row->list[i];

		if (other->begun.ns <= asked->ns || is_of_one_run(asked, &other->begun))
			continue;
		if (other->begun.ns <= asked->end_ns) {
			found.beside = found.n_beside++ ? found.beside : other->path;
			continue;
		}
		found.n_newer++;
		if (other->begun.ns <= newest)
			continue;
		newest = other->begun.ns;
		found.newest = other->path;
	}
	return found;
}

/* The programs of a test suite, say: who reads one of them has not seen the others. */
static void tell_others(const struct listener *listener, const char *path,
			const struct others *others, const char *const *paths, size_t n)
{
	if (others->newest && !is_among(others->newest, paths, n)) {
		if (n == 1 && others->n_newer > 1)
			tell(listener,
			     "reading %s, although %zu traces of that name are newer, "
			     "the newest %s; name those to read them",
			     path, others->n_newer, others->newest);
		else
			tell(listener,
			     "reading %s, although %s is newer; name that to read it",
			     path, others->newest);
	}
	if (!others->beside || is_among(others->beside, paths, n))
		return;
	if (n == 1 && others->n_beside > 1)
		tell(listener,
		     "reading %s without %zu traces of other processes that began while "
		     "it was written, the first %s; name those, too, to read them",
		     path, others->n_beside, others->beside);
	else
		tell(listener,
		     "reading %s without %s, of another process, which began while it "
		     "was written; name that, too, to read it",
		     path, others->beside);
}

void later_tell(const char *const *paths, size_t n,
		void (*say)(void *context, const char *sentence), void *context)
{
	struct listener listener = {say, context};
	struct numbered row = {0};
	struct directory directory = {.listener = &listener};

	for (size_t i = 0; i < n; i++) {
		struct beginning asked = begun(paths[i]);
		char *path = asked.ns ? follow(paths[i]) : NULL;
		struct others others;

		if (!path)
			continue;
		numbered_read(&row, &directory, path, strlen(path));
		free(path);
		others = find_others(&row, &asked);
		tell_others(&listener, paths[i], &others, paths, n);
	}
	numbered_fini(&row);
	directory_fini(&directory);
}

/* The first later one of the process of `asked` that is not among the paths, or NULL. */
static const char *find_left_out(const struct numbered *row,
				 const struct beginning *asked, const char *const *paths,
				 size_t n)
{
	for (size_t i = 0; i < row->n; i++) {
		const struct numbered_trace *other = &row->list[i];

		if (other->begun.pid == asked->pid && other->begun.ns > asked->ns &&
		    !is_among(other->path, paths, n))
			return other->path;
	}
	return NULL;
}

/* later_tell() says it. */
static void ignore(void *context, const char *sentence)
{
	(void)context, (void)sentence;
}

void later_find_left_out(const char *const *paths, size_t n,
			 void (*take)(void *context, const char *path, const char *later),
			 void *context)
{
	struct numbered of_path = {0}, of_name = {0};
	struct listener nobody = {ignore, NULL};
	struct directory directory = {.listener = &nobody};

	for (size_t i = 0; i < n; i++) {
		struct beginning asked = begun(paths[i]);
		bool is_asked = asked.ns && !asked.is_over;
		char *path = is_asked ? follow(paths[i]) : NULL;
		const char *later;

		if (!path)
			continue;
		numbered_read(&of_path, &directory, path, strlen(path));
		later = find_left_out(&of_path, &asked, paths, n);
		if (!later && path[length_of_name(path)]) {
			numbered_read(&of_name, &directory, path, length_of_name(path));
			later = find_left_out(&of_name, &asked, paths, n);
		}
		free(path);
		if (later)
			take(context, paths[i], later);
	}
	numbered_fini(&of_path);
	numbered_fini(&of_name);
	directory_fini(&directory);
}
