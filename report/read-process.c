// SPDX-License-Identifier: MIT
/* Which process the report is about, and what it did as a whole. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "database/db.h"
#include "database/rows.h"
#include "report/memory.h"
#include "report/numbers.h"

#include "report/read-parts.h"

/* The texts of a process, which in a row live only until the next one. */
static const size_t process_texts[] = {
	offsetof(struct overview_process, label),
	offsetof(struct overview_process, trace_path),
	offsetof(struct overview_process, executable),
	offsetof(struct overview_process, started_at),
	offsetof(struct overview_process, ending),
	offsetof(struct overview_process, capture),
	offsetof(struct overview_process, runtime_version),
	offsetof(struct overview_process, command_line),
	offsetof(struct overview_process, host),
	offsetof(struct overview_process, ending_error),
	offsetof(struct overview_process, leak_scan),
};

#define N_PROCESS_TEXTS (sizeof(process_texts) / sizeof(*process_texts))

static char **process_text(struct overview_process *p, size_t i)
{
	void *text = (char *)p + process_texts[i];

	return text;
}

static void keep_texts(struct overview_process *p)
{
	for (size_t i = 0; i < N_PROCESS_TEXTS; i++)
		*process_text(p, i) = memory_text(*process_text(p, i));
}

void process_free_texts(struct overview_process *p)
{
	for (size_t i = 0; i < N_PROCESS_TEXTS; i++)
		free(*process_text(p, i));
}

static bool is_of_run(const struct reading *r, const struct overview_process *p,
		      int64_t last_run)
{
	const char *run = r->options->run;
	char *end;
	long long number;

	if (!run)
		return p->run == last_run || r->options->process > 0;
	number = strtoll(run, &end, 10);
	return strcmp(p->label, run) == 0 || (*run && !*end && p->run == number);
}

static bool is_better(const struct reading *r, const struct overview_process *p,
		      const struct overview_process *best)
{
	if (r->options->process > 0)
		return p->process == r->options->process;
	return !best->trace_path || p->peak_bytes > best->peak_bytes;
}

static void add_other(struct report *report, const struct overview_process *p,
		      size_t *n_max)
{
	report->others = memory_grow(report->others, report->n_processes, n_max,
				     sizeof(*report->others));
	report->others[report->n_processes++] = (struct report_other){
		p->process,     p->run,        p->pid,
		p->allocations, p->peak_bytes, memory_text(p->executable)};
}

static int64_t last_run(struct rows *rows)
{
	struct overview_process p;
	int64_t run = INT64_MIN;

	while (rows_next(rows, &p))
		run = p.run > run ? p.run : run;
	return run;
}

static void choose_process(struct reading *r)
{
	struct report *report = r->report;
	struct rows *rows = overview_select_processes(r->database);
	int64_t run = last_run(rows);
	struct overview_process p;
	size_t n_max = 0;

	rows_close(rows);
	rows = overview_select_processes(r->database);
	while (rows_next(rows, &p)) {
		add_other(report, &p, &n_max);
		if (!is_of_run(r, &p, run) || !is_better(r, &p, &report->process))
			continue;
		process_free_texts(&report->process);
		report->process = p;
		keep_texts(&report->process);
	}
	rows_close(rows);
	if (report->process.trace_path)
		return;
	if (!report->n_processes)
		die("read %s: no process is in it", r->database->name);
	if (r->options->process > 0)
		die("read %s: no process %lld is in it (it has %zu)", r->database->name,
		    (long long)r->options->process, report->n_processes);
	die("read %s: no run is called '%s'", r->database->name, r->options->run);
}

static void take_total(struct report *report, const struct overview_total *total)
{
	const struct {
		const char *name;
		double *value;
	} wanted[] = {
		{"allocations", &report->blocks},
		{"allocated_bytes", &report->bytes},
		{"live_blocks", &report->live_blocks},
		{"live_bytes", &report->live_bytes},
		{"peak_bytes", &report->peak_bytes},
		{"peak_blocks", &report->peak_blocks},
		{"temporary_blocks", &report->temporary},
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		if (strcmp(total->name, wanted[i].name) == 0)
			*wanted[i].value = (double)total->value;
	}
	if (strcmp(total->name, "peak_ns") == 0)
		report->peak_ns = total->value;
}

static struct rows *of_process(struct reading *r, struct rows *rows)
{
	rows_set(rows, 1, r->report->process.process);
	return rows;
}

static void take_totals(struct reading *r)
{
	struct rows *rows = of_process(r, overview_select_totals(r->database));
	struct overview_total total;

	while (rows_next(rows, &total)) {
		if (total.name)
			take_total(r->report, &total);
	}
	rows_close(rows);
}

static void take_timeline(struct reading *r)
{
	struct report *report = r->report;
	struct rows *rows = of_process(r, overview_select_timeline(r->database));
	struct overview_point point;

	while (rows_next(rows, &point)) {
		report->timeline = memory_grow(report->timeline, report->n_timeline,
					       &report->n_timeline_max, sizeof(point));
		report->timeline[report->n_timeline++] = point;
	}
	rows_close(rows);
}

static void take_threads(struct reading *r)
{
	struct report *report = r->report;
	struct rows *rows = of_process(r, overview_select_threads(r->database));
	struct overview_thread row;

	while (rows_next(rows, &row)) {
		report->threads =
			memory_grow(report->threads, report->n_threads,
				    &report->n_threads_max, sizeof(*report->threads));
		if (map_put(&r->thread_numbers, (uint64_t)row.thread,
			    (uint32_t)report->n_threads) != 0)
			die("read %s: out of memory", r->database->name);
		report->threads[report->n_threads++] = (struct report_thread){
			.thread = row.thread,
			.number = row.number,
			.tid = row.tid,
			.name = memory_text(row.name ? row.name : "")};
	}
	rows_close(rows);
}

uint32_t reading_thread(const struct reading *r, int64_t thread)
{
	uint32_t index = map_get(&r->thread_numbers, (uint64_t)thread);

	return index == MAP_NONE ? 0 : index + 1;
}

static void take_markers(struct reading *r)
{
	struct report *report = r->report;
	struct rows *rows = of_process(r, overview_select_markers(r->database));
	struct overview_marker row;

	while (rows_next(rows, &row)) {
		report->markers =
			memory_grow(report->markers, report->n_markers,
				    &report->n_markers_max, sizeof(*report->markers));
		report->markers[report->n_markers++] = (struct report_marker){
			.text = memory_text(row.text ? row.text : ""),
			.ns = number_round(row.at_ms * 1e6),
			.thread = reading_thread(r, row.thread)};
	}
	rows_close(rows);
}

static void take_scopes(struct reading *r)
{
	struct report *report = r->report;
	struct rows *rows = of_process(r, overview_select_scopes(r->database));
	struct overview_scope row;

	while (rows_next(rows, &row)) {
		report->scopes = memory_grow(report->scopes, report->n_scopes,
					     &report->n_scopes_max, sizeof(row));
		row.name = memory_text(row.name ? row.name : "");
		report->scopes[report->n_scopes++] = row;
	}
	rows_close(rows);
}

static void take_losses(struct reading *r)
{
	struct report *report = r->report;
	struct rows *rows = of_process(r, overview_select_losses(r->database));
	struct overview_loss row;

	while (rows_next(rows, &row)) {
		report->losses = memory_grow(report->losses, report->n_losses,
					     &report->n_losses_max, sizeof(row));
		row.reason = memory_text(row.reason);
		row.meaning = memory_text(row.meaning);
		report->losses[report->n_losses++] = row;
	}
	rows_close(rows);
}

void reading_take_process(struct reading *r)
{
	struct report *report = r->report;
	enum process_ending ending;

	choose_process(r);
	ending =
		process_ending_find(report->process.ending ? report->process.ending : "");
	report->is_cut = ending == ENDING_STOPPED || ending == ENDING_SNAPSHOT ||
			 ending == ENDING_EXECUTED;
	report->is_estimate = report->process.sample_bytes > 0;
	report->leaks_known = report->process.leak_scan &&
			      strcmp(report->process.leak_scan, "made") == 0;
	take_totals(r);
	take_timeline(r);
	take_threads(r);
	take_markers(r);
	take_scopes(r);
	take_losses(r);
}
