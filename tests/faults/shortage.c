// SPDX-License-Identifier: MIT
/*
 * Traces are read and paired in one process, at rest and as ones that are being written:
 * the hostile ones; a whole one, of which a piece is cut, or comes, in between; and that
 * one while the N-th call fails that memory is asked for, or a read, for each N. What
 * fails is said, and nothing is leaked or touched that is not ours: with sanitizers that
 * is seen.
 *
 * Prints TAP.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/faults/hostile.h"
#include "tests/faults/rich-trace.h"
#include "tests/faults/take-trace.h"

/* What is to fail: the calls of one kind from the n-th on, one or all. */
static struct {
	int kind; /* 0: none */
	unsigned calls, nth;
	bool for_ever;
	int error;
} shortage;

enum kind {
	NO_KIND,
	MEMORY,
	READ,
	STATUS,
	OPEN,
};

static bool fails(enum kind kind)
{
	unsigned call;

	if (shortage.kind != (int)kind)
		return false;
	call = ++shortage.calls;
	if (call != shortage.nth && (!shortage.for_ever || call < shortage.nth))
		return false;
	errno = shortage.error;
	return true;
}

#define WRAP(result, failure, kind, name, parameters, arguments)                         \
	result __real_##name parameters;                                                 \
	result __wrap_##name parameters;                                                 \
	result __wrap_##name parameters                                                  \
	{                                                                                \
		return fails(kind) ? failure : __real_##name arguments;                  \
	}
WRAP(void *, NULL, MEMORY, malloc, (size_t n), (n))
WRAP(void *, NULL, MEMORY, calloc, (size_t n, size_t size), (n, size))
WRAP(void *, NULL, MEMORY, realloc, (void *p, size_t n), (p, n))
WRAP(void *, NULL, MEMORY, reallocarray, (void *p, size_t n, size_t size), (p, n, size))
WRAP(char *, NULL, MEMORY, strdup, (const char *text), (text))
WRAP(char *, NULL, MEMORY, strndup, (const char *text, size_t n), (text, n))
WRAP(ssize_t, -1, READ, pread64, (int fd, void *to, size_t n, off_t at), (fd, to, n, at))
WRAP(int, -1, STATUS, fstat64, (int fd, struct stat64 *status), (fd, status))

int __real_open64(const char *name, int flags, ...);
int __wrap_open64(const char *name, int flags, ...);
int __wrap_open64(const char *name, int flags, ...)
{
	return fails(OPEN) ? -1 : __real_open64(name, flags);
}

static int file = -1;
static char path[64];
static int n_points;
static bool all_fine = true;

static void point(bool fine, const char *name)
{
	printf("%sok %d - %s\n", fine ? "" : "not ", ++n_points, name);
	all_fine = all_fine && fine;
}

static void put_file(const struct trace_writer *w, size_t size)
{
	if (ftruncate(file, 0) != 0 || pwrite(file, w->bytes, size, 0) != (ssize_t)size) {
		perror("write a trace");
		exit(EXIT_FAILURE);
	}
}

/* Every hostile trace: it is refused where rheaper-load refuses it. */
static void hostile_traces_are_taken_as_far_as_they_go(void)
{
	const struct hostile *h;
	bool fine = true;

	for (size_t i = 0; (h = hostile_row(i)); i++) {
		struct trace_writer w;
		struct taken rest, written;
		int at_rest, followed;

		hostile_make(h, &w);
		put_file(&w, h->cut ? h->cut : w.size);
		at_rest = take_trace(path, false, &rest);
		followed = take_trace(path, true, &written);
		writer_fini(&w);
		if ((at_rest != 0) == (h->load != 0) && at_rest >= 0 && followed >= 0 &&
		    reader_explain(followed)[0] &&
		    (at_rest == 0 || strstr(reader_explain(at_rest), h->said)))
			continue;
		printf("# %s: %d at rest, %d followed\n", h->name, at_rest, followed);
		fine = false;
	}
	point(fine, "L1_X3_hostile_traces_are_taken_as_far_as_they_go");
}

static struct trace_writer rich;
static size_t cut_at;

/* The trace is short in the second round, whole again in the third. */
static void cut_and_mend(int round)
{
	if (round == 1 && ftruncate(file, (off_t)cut_at) != 0)
		exit(EXIT_FAILURE);
	if (round == 2)
		put_file(&rich, rich.size);
}

/* It comes piece by piece, in the order of the file. */
static void come_later(int round)
{
	put_file(&rich,
		 cut_at + (rich.size - cut_at) * (size_t)round / (TAKE_ROUNDS - 1));
}

static void a_trace_that_changes_while_it_is_followed(void)
{
	const size_t first = writer_header(&rich)->first_region;
	struct taken taken;
	bool fine = true;

	for (cut_at = 0; cut_at < rich.size; cut_at += cut_at < first ? 40000 : 1700) {
		put_file(&rich, rich.size);
		take_between = cut_and_mend;
		fine = take_trace(path, true, &taken) >= 0 && fine;
		put_file(&rich, cut_at < first ? first : cut_at);
		take_between = cut_at < first ? NULL : come_later;
		fine = take_trace(path, true, &taken) >= 0 && fine;
	}
	take_between = NULL;
	point(fine, "L2_a_trace_that_is_cut_and_grows_while_it_is_followed");
}

static size_t changed_at;

/* Another trace has come in its place. */
static void change_head(int round)
{
	const uint32_t other = 4096 * 3;

	if (round == 1 &&
	    pwrite(file, &other, sizeof(other), (off_t)changed_at) != sizeof(other))
		exit(EXIT_FAILURE);
}

static void another_trace_in_its_place(void)
{
	static const size_t places[] = {
		offsetof(struct rhp_file_header, region_size),
		offsetof(struct rhp_file_header, first_region),
		offsetof(struct rhp_file_header, shard_offset),
		offsetof(struct rhp_file_header, time_shift),
		offsetof(struct rhp_file_header, start_ticks),
		offsetof(struct rhp_file_header, pid),
	};
	struct taken taken;
	bool fine = true;

	take_between = change_head;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		int result;

		put_file(&rich, rich.size);
		changed_at = places[i];
		result = take_trace(path, true, &taken);
		fine = fine && result > 0 && reader_explain(result)[0];
	}
	take_between = NULL;
	point(fine, "L2_another_trace_in_its_place");
}

/* Whether each failure of the kind is said, until there is none any more. */
static bool fail_each(enum kind kind, int error, bool for_ever, bool follow)
{
	struct taken taken;
	unsigned n = 0;
	int result;

	do {
		shortage.calls = 0;
		shortage.nth = ++n;
		shortage.for_ever = for_ever;
		shortage.error = error;
		shortage.kind = (int)kind;
		result = take_trace(path, follow, &taken);
		shortage.kind = NO_KIND;
		if (shortage.calls < n)
			break;
		if (result != -error && error != EINTR) {
			printf("# call %u of kind %d: %d\n", n, (int)kind, result);
			return false;
		}
	} while (n < 100000);
	printf("# %u calls of kind %d\n", n - 1, (int)kind);
	return result == 0 && n > 1;
}

static void what_fails_is_said(void)
{
	static const struct {
		const char *name;
		enum kind kind;
		int error;
	} rows[] = {
		{"memory_fails", MEMORY, ENOMEM},
		{"reads_fail", READ, EIO},
		{"reads_are_interrupted", READ, EINTR},
		{"the_status_cannot_be_had", STATUS, EIO},
		{"the_file_cannot_be_opened", OPEN, EACCES},
	};

	put_file(&rich, rich.size);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		bool fine = true;

		for (int form = 0; form < (rows[i].error == EINTR ? 2 : 4); form++)
			fine = fail_each(rows[i].kind, rows[i].error, form / 2,
					 form % 2) &&
			       fine;
		printf("%sok %d - L1_L4_%s\n", fine ? "" : "not ", ++n_points,
		       rows[i].name);
		all_fine = all_fine && fine;
	}
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	file = memfd_create("trace", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	rich_trace(&rich);
	printf("1..8\n");
	hostile_traces_are_taken_as_far_as_they_go();
	a_trace_that_changes_while_it_is_followed();
	another_trace_in_its_place();
	what_fails_is_said();
	writer_fini(&rich);
	return all_fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
