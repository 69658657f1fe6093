// SPDX-License-Identifier: MIT
/* The overview: what ran, its peak, who allocates, what leaks, what was not seen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/path.h"
#include "report/cells.h"
#include "report/memory.h"
#include "report/numbers.h"

#include "report/text-parts.h"

#define SPARK_COLUMNS 24
#define MIN_SPARK_COLUMNS 8
#define MAX_PROCESSES 10
#define SHORT_TOP 5 /* rows of the tables below the first */

/* Write a line cut to the screen, and free it. */
static void put_line(const struct text *t, char *line)
{
	char *cut = screen_cut(t->screen, line, t->screen->width);

	fprintf(t->screen->out, "%s\n", cut);
	free(cut);
	free(line);
}

static const char *about(const struct text *t)
{
	return t->report->is_estimate ? "about " : "";
}

/* " ± 3.1 %" of an estimate: the true value is within with 95 % certainty. */
static struct number_text interval(const struct text *t, enum report_value value,
				   double figure)
{
	double error = cells_error(t->report->variances[value]);
	struct number_text text = {""};

	if (error > 0 && figure > 0)
		snprintf(text.text, sizeof(text.text), " ± %.1f %%",
			 100 * error / figure);
	return text;
}

static void write_program(const struct text *t)
{
	const struct overview_process *p = &t->report->process;
	const char *executable = p->executable ? p->executable : "?";

	screen_style(t->screen, STYLE_STRONG);
	put_line(t, memory_format("%s  (pid %lld, %s%s%s)", path_base(executable),
				  (long long)p->pid,
				  time_text(number_round(p->duration_ms * 1e6)).text,
				  p->label && p->label[0] ? ", run " : "",
				  p->label ? p->label : ""));
	screen_style(t->screen, STYLE_PLAIN);
}

static void write_part(const struct text *t)
{
	const struct report *r = t->report;

	if (r->has_window)
		put_line(t, memory_format("only from %s to %s",
					  time_text(r->edges.ns[r->window_from]).text,
					  time_text(r->edges.ns[r->window_to]).text));
	if (r->thread)
		put_line(t, memory_format("only what thread t%lld (%s) allocated",
					  (long long)r->threads[r->thread - 1].number,
					  r->threads[r->thread - 1].name));
}

/* What was live over time, in the columns that `text` leaves. */
static void write_spark(const struct text *t, const char *text)
{
	const struct report *r = t->report;
	size_t used = screen_columns(text) + 7;
	size_t left = t->screen->width > used ? t->screen->width - used : 0;
	double *live;

	if (!t->screen->blocks || r->edges.n < 2 || left < MIN_SPARK_COLUMNS)
		return;
	live = cells_series(r, r->n_sites);
	fputs("live ", t->screen->out);
	screen_spark(t->screen, live, r->edges.n,
		     left < SPARK_COLUMNS ? left : SPARK_COLUMNS);
	fputs("  ", t->screen->out);
	free(live);
}

static void write_peak(const struct text *t)
{
	const struct report *r = t->report;
	char *text =
		memory_format("peak %s%s%s in %s at %s; %s %s", about(t),
			      bytes_text(r->peak_bytes).text,
			      interval(t, VALUE_PEAK_BYTES, r->peak_bytes).text,
			      blocks_text(r->peak_blocks).text,
			      time_text(r->peak_ns).text, bytes_text(r->live_bytes).text,
			      r->has_window ? "of it never freed" : "at the end");

	write_spark(t, text);
	put_line(t, text);
}

static void write_totals(const struct text *t)
{
	const struct report *r = t->report;
	char *temporary =
		r->has_window ? memory_text("")
			      : memory_format("; %s temporary",
					      percent_text(r->temporary, r->blocks).text);

	put_line(t, memory_format("%s%s allocations, %s%s%s; %zu thread%s", about(t),
				  count_text(r->blocks).text, bytes_text(r->bytes).text,
				  interval(t, VALUE_BYTES, r->bytes).text, temporary,
				  r->n_threads, r->n_threads == 1 ? "" : "s"));
	free(temporary);
	write_peak(t);
}

/* With several processes: which they are, and which of them this is about. */
static void write_processes(const struct text *t)
{
	const struct report *r = t->report;

	if (r->n_processes < 2)
		return;
	text_heading(t,
		     "%zu processes; this report is about p%lld (--process N for "
		     "another)",
		     r->n_processes, (long long)r->process.process);
	for (size_t i = 0; i < r->n_processes && i < MAX_PROCESSES; i++) {
		const struct report_other *o = &r->others[i];

		put_line(t, memory_format("p%-4lld %9s peak %11s allocations  %s (pid "
					  "%lld)",
					  (long long)o->process,
					  bytes_text((double)o->peak_bytes).text,
					  count_text((double)o->allocations).text,
					  path_base(o->executable ? o->executable : "?"),
					  (long long)o->pid));
	}
	if (r->n_processes > MAX_PROCESSES)
		fprintf(t->screen->out, "      (%zu more processes)\n",
			r->n_processes - MAX_PROCESSES);
}

static struct report_leak sum_of_kind(const struct report *r, enum leak_kind kind)
{
	struct report_leak sum = {.kind = kind};

	for (size_t i = 0; i < r->n_leaks; i++) {
		if (r->leaks[i].kind != kind)
			continue;
		sum.blocks += r->leaks[i].blocks;
		sum.bytes += r->leaks[i].bytes;
		sum.indirect_bytes += r->leaks[i].indirect_bytes;
	}
	return sum;
}

static void write_leak(const struct text *t, const struct report_leak *leak)
{
	const struct report_site *site = &t->report->sites[leak->site];
	char *place = text_place(t, site->frame), *what = place;
	char *handle = memory_format("s%lld", (long long)site->number);

	if (leak->indirect_bytes > 0) {
		what = memory_format("%s  (+ %s only through them)", place,
				     bytes_text(leak->indirect_bytes).text);
		free(place);
	}
	text_row(t,
		 &(struct text_row){
			 .handle = handle,
			 .share = 0,
			 .figure = bytes_text(leak->bytes).text,
			 .percent = percent_text(leak->bytes, t->report->live_bytes).text,
			 .blocks = count_text(leak->blocks).text,
			 .what = what});
	free(handle);
	free(what);
}

static void write_kind(const struct text *t, const struct report_leak *sum)
{
	char *below = sum->indirect_bytes > 0
			      ? memory_format(", and %s reachable only through them",
					      bytes_text(sum->indirect_bytes).text)
			      : memory_text("");

	text_heading(t, "%s: %s in %s%s",
		     sum->kind == LEAK_UNKNOWN ? "Not freed" : leak_kind_names[sum->kind],
		     bytes_text(sum->bytes).text, blocks_text(sum->blocks).text, below);
	free(below);
}

static void write_leaks_of(const struct text *t, enum leak_kind kind, size_t top)
{
	const struct report *r = t->report;
	struct report_leak sum = sum_of_kind(r, kind);
	size_t n = 0;

	if (sum.blocks <= 0)
		return;
	write_kind(t, &sum);
	for (size_t i = 0; i < r->n_leaks; i++) {
		if (r->leaks[i].kind == kind && n++ < top)
			write_leak(t, &r->leaks[i]);
	}
	if (n > top)
		fprintf(t->screen->out, "      (%zu more sites)\n", n - top);
}

/* Of those that are reachable only the sum: they are no fault. What is indirectly lost is
 * with what it hangs below. */
static void write_leaks(const struct text *t)
{
	struct report_leak reachable = sum_of_kind(t->report, LEAK_REACHABLE);

	if (t->report->has_window)
		return;
	write_leaks_of(t, LEAK_DEFINITE, SHORT_TOP);
	write_leaks_of(t, LEAK_POSSIBLE, SHORT_TOP);
	write_leaks_of(t, LEAK_UNKNOWN, SHORT_TOP);
	if (reachable.blocks > 0)
		fprintf(t->screen->out, "\nStill reachable at the end: %s in %s.\n",
			bytes_text(reachable.bytes).text,
			blocks_text(reachable.blocks).text);
}

static int compare_threads(const void *left, const void *right)
{
	const struct report_thread *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return (a->number > b->number) - (a->number < b->number);
}

static void write_threads(const struct text *t)
{
	const struct report *r = t->report;
	struct report_thread *threads;

	if (r->n_threads < 2 || r->thread)
		return;
	threads = memory_new(r->n_threads, sizeof(*threads));
	memcpy(threads, r->threads, r->n_threads * sizeof(*threads));
	qsort(threads, r->n_threads, sizeof(*threads), compare_threads);
	text_heading(t, "Threads");
	for (size_t i = 0; i < r->n_threads && i < SHORT_TOP; i++) {
		char *handle = memory_format("t%lld", (long long)threads[i].number);

		text_row(t,
			 &(struct text_row){
				 .handle = handle,
				 .share = threads[i].bytes / threads[0].bytes,
				 .figure = bytes_text(threads[i].bytes).text,
				 .percent = percent_text(threads[i].bytes, r->bytes).text,
				 .blocks = count_text(threads[i].blocks).text,
				 .what = threads[i].name});
		free(handle);
	}
	if (r->n_threads > SHORT_TOP)
		fprintf(t->screen->out, "      (%zu more threads)\n",
			r->n_threads - SHORT_TOP);
	free(threads);
}

static void write_findings(const struct text *t)
{
	const struct report_notes *notes = &t->report->findings;

	if (!notes->n || t->report->has_window)
		return;
	text_heading(t, "Findings");
	for (size_t i = 0; i < notes->n; i++) {
		const struct report_note *note = &notes->notes[i];
		char *handle = note->site ? memory_format("s%lld", (long long)note->site)
					  : memory_text("");

		fprintf(t->screen->out, "%-5s ", handle);
		screen_wrap(t->screen, note->sentence, 6, 6);
		free(handle);
	}
}

static void write_unseen(const struct text *t)
{
	const struct report_notes *notes = &t->report->unseen;

	if (!notes->n)
		return;
	text_heading(t, "Not seen");
	for (size_t i = 0; i < notes->n; i++) {
		fputs("  ", t->screen->out);
		screen_wrap(t->screen, notes->notes[i].sentence, 2, 2);
		if (!notes->notes[i].remedy)
			continue;
		screen_style(t->screen, STYLE_DIM);
		fputs("    -> ", t->screen->out);
		screen_wrap(t->screen, notes->notes[i].remedy, 7, 7);
		screen_style(t->screen, STYLE_PLAIN);
	}
}

static void write_next(const struct text *t)
{
	const char *input = t->options->input;

	screen_style(t->screen, STYLE_DIM);
	fprintf(t->screen->out,
		"\nNext: rheaper-report %s --tree | --site sN | --html=page.html\n",
		input);
	screen_style(t->screen, STYLE_PLAIN);
}

static void write_sorted(const struct text *t)
{
	text_heading(t, "%s", text_sort_titles[t->options->sort]);
	text_sites(t, t->options->sort, t->options->top);
}

void text_write(const struct screen *screen, const struct report *report,
		const struct text_options *options)
{
	const struct text t = {screen, report, options};

	write_program(&t);
	write_part(&t);
	write_totals(&t);
	if (options->is_sorted) {
		write_sorted(&t);
		return;
	}
	write_processes(&t);
	text_heading(&t, "At the peak: %s", bytes_text(report->peak_bytes).text);
	text_sites(&t, SORT_PEAK, options->top);
	text_heading(&t, "Most allocations: %s", count_text(report->blocks).text);
	text_sites(&t, SORT_COUNT, SHORT_TOP);
	if (report->temporary > 0 && !report->has_window) {
		text_heading(&t, "Temporary (freed next by their thread): %s",
			     count_text(report->temporary).text);
		text_sites(&t, SORT_TEMPORARY, SHORT_TOP);
	}
	write_leaks(&t);
	text_memory(&t);
	write_threads(&t);
	write_findings(&t);
	write_unseen(&t);
	write_next(&t);
}
