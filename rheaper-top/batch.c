// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analysis/catalog.h"
#include "common/cli.h"
#include "common/clock.h"
#include "common/text.h"
#include "rheaper-top/format.h"
#include "rheaper-top/model.h"

#include "rheaper-top/batch.h"

#define POLL_MS 100

/*
 * Read what was there at first, then for so long at the most: a program that allocates
 * faster than it is read does not keep us for ever. 1 if there is more, 0, or an error.
 */
static int read_on(struct model *m, int milliseconds)
{
	int64_t until_ms = clock_ns() / 1000000 + milliseconds;
	int result, error;

	do
		result = model_poll(m, POLL_MS);
	while (result == 1 &&
	       (!follow_status(m->follow).caught_up || clock_ns() / 1000000 < until_ms));
	if (result < 0 || result > 1)
		return result;
	error = model_update(m);
	return error ? error : result;
}

static void print_titles(bool threads)
{
	for (int i = 0; i < N_FIGURES; i++) {
		if (!threads || !columns[i].sites_only)
			printf("%12s ", columns[i].title);
	}
	puts(threads ? "THREAD" : "CALL SITE");
}

static int print_row(struct model *m, bool threads, const struct row *row,
		     struct format format)
{
	const char *name = model_name(m, threads, row->id);
	char number[NUMBER_SIZE];

	if (!name)
		return -ENOMEM;
	for (int i = 0; i < N_FIGURES; i++) {
		if (!threads || !columns[i].sites_only)
			printf("%12s ",
			       format_figure(number, row, (enum figure)i, format));
	}
	puts(name);
	return 0;
}

static int print_view(struct model *m, const struct batch_options *o)
{
	struct format format = {.estimate = m->status.sample_bytes != 0};
	char lines[HEADER_LINES][HEADER_SIZE];
	struct rows *rows = model_rows(m, o->threads);
	int error = format_header(lines, m, format);
	size_t n;

	if (!error)
		error = rows_sort(rows, o->by);
	n = rows->n_sorted;
	for (size_t i = 0; !error && i < HEADER_LINES; i++)
		puts(lines[i]);
	if (!error)
		print_titles(o->threads);
	if (o->n_rows && o->n_rows < n)
		n = o->n_rows;
	for (size_t i = 0; !error && i < n; i++)
		error = print_row(m, o->threads, rows->sorted[i], format);
	finish_output();
	return error;
}

static void wait_ms(int milliseconds)
{
	struct timespec left = {.tv_sec = milliseconds / 1000,
				.tv_nsec = milliseconds % 1000 * 1000000L};

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

int batch_run(struct model *m, const struct batch_options *o)
{
	for (size_t i = 0;; i++) {
		int result = read_on(m, o->delay_ms), error = 0;

		if (result < 0 || result > 1)
			return result;
		if (i > 0)
			putchar('\n');
		error = print_view(m, o);
		if (error || m->status.over || i + 1 == o->n_views)
			return error;
		if (result == 0)
			wait_ms(o->delay_ms);
	}
}

static void print_member(const char *name, double value, int digits)
{
	printf(",\"");
	for (; *name; name++)
		putchar(*name == '-' ? '_' : *name);
	printf("\":%.*f", digits, value);
}

static int print_rows_json(struct model *m, bool threads, enum figure by)
{
	struct rows *rows = model_rows(m, threads);
	const char *separator = "";
	int error = rows_sort(rows, by);

	printf(",\"%s\":[", threads ? "threads" : "sites");
	for (size_t i = 0; !error && i < rows->n_sorted; i++) {
		const struct row *row = rows->sorted[i];
		const char *name = model_name(m, threads, row->id);

		if (!name)
			return -ENOMEM;
		printf("%s\n{\"name\":", separator);
		text_print_json(stdout, name);
		for (int k = 0; k < N_FIGURES; k++) {
			if (!threads || !columns[k].sites_only)
				print_member(columns[k].name, row->figures[k],
					     k == FIGURE_RATE || columns[k].exact ? 3
										  : 0);
		}
		putchar('}');
		separator = ",";
	}
	putchar(']');
	return error;
}

static int print_text_json(const char *name, const char *bytes)
{
	char *text = text_utf8(bytes, strlen(bytes));

	if (!text)
		return -ENOMEM;
	printf("\"%s\":", name);
	text_print_json(stdout, text);
	free(text);
	return 0;
}

int batch_json(struct model *m, enum figure by)
{
	const struct follow_status *s = &m->status;
	int error = read_on(m, 0);

	if (error < 0 || error > 1)
		return error;
	putchar('{');
	error = print_text_json("program", s->program);
	printf(",\"pid\":%" PRIu32 ",", s->pid);
	if (!error)
		error = print_text_json("state", s->state);
	printf(",\"over\":%s,\"sample_bytes\":%" PRIu64 ",\"foreign\":%" PRIu64
	       ",\"lost\":%" PRIu64,
	       s->over ? "true" : "false", s->sample_bytes, s->foreign, s->lost);
	print_member("seconds", (double)s->elapsed_ns / 1e9, 3);
	print_member("live-bytes", s->live_bytes, 0);
	print_member("live-blocks", s->live_blocks, 0);
	print_member("peak-bytes", s->peak_bytes, 0);
	print_member("allocations", s->allocations, 0);
	print_member("bytes", s->bytes, 0);
	print_member("frees", s->frees, 0);
	print_member("allocation-rate", m->allocation_rate, 3);
	print_member("byte-rate", m->byte_rate, 3);
	print_member("free-rate", m->free_rate, 3);
	if (!error)
		error = print_rows_json(m, false, by);
	if (!error)
		error = print_rows_json(m, true, by);
	puts("}");
	return error;
}
