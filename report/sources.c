// SPDX-License-Identifier: MIT
/*
 * A file is taken only if its real path is below the directory that the user named: a
 * database from elsewhere must not decide what a page contains.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/json.h"
#include "report/memory.h"
#include "report/page-parts.h"

#include "report/sources.h"

#define AROUND 2 /* lines before and after the one that allocates */
#define MAX_LINE 400

struct wanted_line {
	uint32_t file, line;
};

static int compare_lines(const void *left, const void *right)
{
	const struct wanted_line *a = left, *b = right;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return (a->line > b->line) - (a->line < b->line);
}

/* A pipe would have us wait, and a device may have no end. */
static FILE *open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	FILE *in = NULL;

	if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		in = fdopen(fd, "r");
	if (fd >= 0 && !in)
		close(fd);
	return in;
}

static FILE *open_below(const char *root, const char *path)
{
	char real_root[PATH_MAX], real[PATH_MAX];
	char *joined =
		path[0] == '/' ? memory_text(path) : memory_format("%s/%s", root, path);
	bool good = realpath(root, real_root) && realpath(joined, real);
	size_t n = good ? strlen(real_root) : 0;

	free(joined);
	if (!good || strncmp(real, real_root, n) != 0 ||
	    (real[n] != '/' && real_root[n - 1] != '/'))
		return NULL;
	return open_regular(real);
}

/* Lines come in order: *next is the first wanted one that is not behind them. */
static bool is_near(const struct wanted_line *wanted, size_t n, size_t *next,
		    uint32_t line)
{
	while (*next < n && wanted[*next].line + AROUND < line)
		++*next;
	return *next < n && line + AROUND >= wanted[*next].line;
}

static void write_line(struct json *json, uint32_t number, const char *text, size_t n)
{
	json_begin_array(json);
	json_unsigned(json, number);
	json_bytes(json, text, n < MAX_LINE ? n : MAX_LINE);
	json_end_array(json);
}

/* The lines of one file around n wanted ones. */
static void write_file(const struct making *m, struct json *json,
		       const struct wanted_line *wanted, size_t n)
{
	const char *path = strings_get(&m->report->strings, wanted->file);
	FILE *in = open_below(m->options->sources, path);
	char *line = NULL, *shown = page_path(m, path);
	size_t space = 0, next = 0;
	ssize_t length;

	if (in) {
		json_key_verbatim(json, shown);
		json_begin_array(json);
		for (uint32_t number = 1; (length = getline(&line, &space, in)) >= 0;
		     number++) {
			if (length > 0 && line[length - 1] == '\n')
				length--;
			if (is_near(wanted, n, &next, number))
				write_line(json, number, line, (size_t)length);
		}
		json_end_array(json);
		fclose(in);
	}
	free(line);
	free(shown);
}

static size_t list_lines(const struct making *m, struct wanted_line *lines)
{
	size_t n = 0;

	for (size_t i = 0; i < m->pruned.n_sites; i++) {
		const struct report_frame *frame;

		if (m->pruned.sites[i].frame == UINT32_MAX)
			continue;
		frame = &m->report->frames[m->pruned.sites[i].frame];
		if (frame->file && frame->line)
			lines[n++] = (struct wanted_line){frame->file, frame->line};
	}
	return n;
}

void sources_write(const struct making *m, struct json *json)
{
	struct wanted_line *lines = memory_new(m->pruned.n_sites, sizeof(*lines));
	size_t n = m->options->sources ? list_lines(m, lines) : 0;

	if (n)
		qsort(lines, n, sizeof(*lines), compare_lines);
	json_key(json, "sources");
	json_begin_object(json);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i; end < n && lines[end].file == lines[i].file; end++)
			;
		write_file(m, json, lines + i, end - i);
	}
	json_end_object(json);
	free(lines);
}
