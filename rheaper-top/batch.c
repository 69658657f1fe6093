// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "analysis/catalog.h"
#include "common/cli.h"
#include "common/clock.h"
#include "common/json.h"
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
	const char *name = model_way(m, threads, row->id);
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

static int put_facts(struct json *json, struct sites *sites, uint32_t id)
{
	struct site_facts facts;
	int error = sites_facts(sites, id, &facts);

	json_put_text(json, "short_name", facts.short_name);
	json_put_text(json, "chain", facts.chain);
	json_key(json, "owner");
	if (facts.function) {
		json_begin_object(json);
		json_put_text(json, "function", facts.function);
		json_put_text(json, "file", facts.file);
		json_key(json, "line");
		if (facts.line)
			json_integer(json, facts.line);
		else
			json_null(json);
		json_put_text(json, "module_path", facts.module_path);
		json_end_object(json);
	} else {
		json_null(json);
	}
	site_facts_fini(&facts);
	return error;
}

static int put_rows(struct json *json, struct model *m, bool threads, enum figure by)
{
	struct rows *rows = model_rows(m, threads);
	int error = rows_sort(rows, by);

	json_key(json, threads ? "threads" : "sites");
	json_begin_lines(json);
	for (size_t i = 0; !error && i < rows->n_sorted; i++) {
		const struct row *row = rows->sorted[i];
		const char *name = model_name(m, threads, row->id);

		if (!name)
			return -ENOMEM;
		json_begin_object(json);
		json_put_text(json, "name", name);
		if (!threads)
			error = put_facts(json, &m->sites, row->id);
		for (int k = 0; k < N_FIGURES; k++) {
			if (!threads || !columns[k].sites_only)
				json_put_real(json, columns[k].name, row->figures[k],
					      k == FIGURE_RATE || columns[k].exact ? 3
										   : 0);
		}
		json_end_object(json);
	}
	json_end_array(json);
	return error;
}

static void put_totals(struct json *json, const struct model *m)
{
	const struct follow_status *s = &m->status;

	json_put_text(json, "program", s->program);
	json_put_unsigned(json, "pid", s->pid);
	json_put_text(json, "state", s->state);
	json_put_bool(json, "over", s->over);
	json_put_unsigned(json, "sample_bytes", s->sample_bytes);
	json_put_unsigned(json, "foreign", s->foreign);
	json_put_unsigned(json, "lost", s->lost);
	json_put_real(json, "seconds", (double)s->elapsed_ns / 1e9, 3);
	json_put_real(json, "live_bytes", s->live_bytes, 0);
	json_put_real(json, "live_blocks", s->live_blocks, 0);
	json_put_real(json, "peak_bytes", s->peak_bytes, 0);
	json_put_real(json, "allocations", s->allocations, 0);
	json_put_real(json, "bytes", s->bytes, 0);
	json_put_real(json, "frees", s->frees, 0);
	json_put_real(json, "allocation_rate", m->allocation_rate, 3);
	json_put_real(json, "byte_rate", m->byte_rate, 3);
	json_put_real(json, "free_rate", m->free_rate, 3);
}

int batch_json(struct model *m, enum figure by)
{
	struct json json = json_open(stdout);
	int error = read_on(m, 0);

	if (error < 0 || error > 1)
		return error;
	json_begin_object(&json);
	put_totals(&json, m);
	error = put_rows(&json, m, false, by);
	if (!error)
		error = put_rows(&json, m, true, by);
	json_end_object(&json);
	putchar('\n');
	return error;
}
