// SPDX-License-Identifier: MIT
/* Totals of both sides; what grew, shrank, is new and is gone, in tables. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/path.h"
#include "report/cells.h"
#include "report/diff-text-parts.h"
#include "report/memory.h"
#include "report/numbers.h"

#include "report/diff-text.h"

#define HANDLE_COLUMNS 6
#define CHANGE_COLUMNS 11
#define PERCENT_COLUMNS 10
#define ERROR_COLUMNS 11
#define SIDE_COLUMNS 12
#define SIDES_WIDTH 72 /* of a line that has room for both sides */

struct diff_text diff_text_make(const struct screen *screen, const struct diff *diff,
				const struct diff_options *options)
{
	struct diff_text t = {.screen = screen,
			      .diff = diff,
			      .options = options,
			      .value = text_sort_value(options->sort),
			      .names = {.full_names = options->full_names}};
	double all = 0;

	for (size_t i = 0; i < diff->n_changes; i++)
		all += diff->changes[i].values.of[SIDE_A][t.value];
	t.least = fmax(options->least, options->least_share * all);
	if (t.least <= 0)
		t.least = 0.5;
	return t;
}

void diff_text_begin(struct diff_text *t)
{
	for (int i = 0; i < N_SIDES; i++)
		t->sides[i] = (struct text){t->screen, t->diff->sides[i], &t->names};
}

static bool is_count(enum report_value value)
{
	return value != VALUE_BYTES && value != VALUE_LIVE_BYTES &&
	       value != VALUE_PEAK_BYTES;
}

struct number_text diff_figure(enum report_value value, double number)
{
	return is_count(value) ? count_text(number) : bytes_text(number);
}

static struct number_text signed_figure(enum report_value value, double number)
{
	if (fabs(number) < 0.5)
		return (struct number_text){"0"};
	return is_count(value) ? signed_count_text(number) : signed_bytes_text(number);
}

/* The change as a share of what A had. */
static struct number_text change_text(double a, double b)
{
	struct number_text number = {""};
	double percent = a > 0 ? 100 * (b - a) / a : 0;

	if (a == b)
		return number;
	if (a <= 0)
		snprintf(number.text, sizeof(number.text), "new");
	else if (percent >= 999.5)
		snprintf(number.text, sizeof(number.text), "x%.3g", b / a);
	else
		snprintf(number.text, sizeof(number.text), "%+.1f %%", percent);
	return number;
}

static bool is_estimate(const struct diff_text *t)
{
	return t->diff->sides[SIDE_A]->is_estimate || t->diff->sides[SIDE_B]->is_estimate;
}

static void put_line(const struct diff_text *t, char *line)
{
	char *cut = screen_cut(t->screen, line, t->screen->width);

	fprintf(t->screen->out, "%s\n", cut);
	free(cut);
	free(line);
}

void diff_write_side(const struct diff_text *t, enum diff_side side)
{
	const struct report *r = t->diff->sides[side];
	const struct overview_process *p = &r->process;
	const char *label = p->label ? p->label : "";

	put_line(t, memory_format("%s  %s: %s (p%lld, pid %lld, run %lld%s%s, %s)",
				  side == SIDE_A ? "A" : "B", t->options->inputs[side],
				  path_base(p->executable ? p->executable : "?"),
				  (long long)p->process, (long long)p->pid,
				  (long long)p->run, label[0] ? " " : "", label,
				  time_text((int64_t)(p->duration_ms * 1e6)).text));
}

static void write_total(const struct diff_text *t, const char *name, bool counts,
			const double all[N_SIDES], double variance)
{
	enum report_value value = counts ? VALUE_BLOCKS : VALUE_BYTES;
	const struct screen *s = t->screen;
	char error[40] = "";

	if (variance > 0)
		snprintf(error, sizeof(error), "  ±%s",
			 diff_figure(value, cells_error(variance)).text);
	fprintf(s->out, "%-22s%*s%*s", name, SIDE_COLUMNS,
		diff_figure(value, all[SIDE_A]).text, SIDE_COLUMNS,
		diff_figure(value, all[SIDE_B]).text);
	screen_style(s, STYLE_STRONG);
	fprintf(s->out, "%*s", SIDE_COLUMNS,
		signed_figure(value, all[SIDE_B] - all[SIDE_A]).text);
	screen_style(s, STYLE_PLAIN);
	if (all[SIDE_A] != all[SIDE_B])
		fprintf(s->out, "%*s", PERCENT_COLUMNS,
			change_text(all[SIDE_A], all[SIDE_B]).text);
	fprintf(s->out, "%s\n", error);
}

static double lost(const struct report *r, enum leak_kind kind)
{
	double bytes = 0;

	for (size_t i = 0; i < r->n_leaks; i++)
		bytes += r->leaks[i].kind == kind ? r->leaks[i].bytes : 0;
	return bytes;
}

/* Kinds of leaks are known only where memory was scanned, and compared if it was twice.
 */
static void write_leaks(const struct diff_text *t)
{
	const struct report *a = t->diff->sides[SIDE_A], *b = t->diff->sides[SIDE_B];

	for (int kind = LEAK_DEFINITE; kind < N_LEAK_KINDS; kind++) {
		double bytes[N_SIDES] = {lost(a, (enum leak_kind)kind),
					 lost(b, (enum leak_kind)kind)};

		if (a->leaks_known && b->leaks_known && (bytes[0] > 0 || bytes[1] > 0))
			write_total(t, leak_kind_names[kind], false, bytes, 0);
	}
}

static void write_totals(const struct diff_text *t)
{
	const struct report *a = t->diff->sides[SIDE_A], *b = t->diff->sides[SIDE_B];
	const struct {
		const char *name;
		enum report_value value;
		double of[N_SIDES];
	} totals[] = {
		{"allocations", VALUE_BLOCKS, {a->blocks, b->blocks}},
		{"allocated", VALUE_BYTES, {a->bytes, b->bytes}},
		{"temporary", VALUE_TEMPORARY, {a->temporary, b->temporary}},
		{"peak", VALUE_PEAK_BYTES, {a->peak_bytes, b->peak_bytes}},
		{"not freed at the end",
		 VALUE_LIVE_BYTES,
		 {a->live_bytes, b->live_bytes}},
		{"  in blocks", VALUE_LIVE_BLOCKS, {a->live_blocks, b->live_blocks}},
	};

	screen_style(t->screen, STYLE_DIM);
	fprintf(t->screen->out, "\n%-22s%*s%*s%*s\n", is_estimate(t) ? "(estimates)" : "",
		SIDE_COLUMNS, "A", SIDE_COLUMNS, "B", SIDE_COLUMNS, "change");
	screen_style(t->screen, STYLE_PLAIN);
	for (size_t i = 0; i < sizeof(totals) / sizeof(*totals); i++)
		write_total(t, totals[i].name, is_count(totals[i].value), totals[i].of,
			    a->variances[totals[i].value] +
				    b->variances[totals[i].value]);
	write_leaks(t);
}

/* What all processes of a side did, by program. */
struct program {
	const char *name;
	double allocations[N_SIDES], peak[N_SIDES];
	size_t processes[N_SIDES];
};

static struct program *find_program(struct program *programs, size_t *n, const char *path)
{
	const char *name = path_base(path ? path : "?");

	for (size_t i = 0; i < *n; i++) {
		if (strcmp(programs[i].name, name) == 0)
			return &programs[i];
	}
	programs[*n].name = name;
	return &programs[(*n)++];
}

static bool is_compared_run(const struct report *r, const struct report_other *o)
{
	return o->run == r->process.run;
}

static size_t add_up_programs(const struct diff *d, struct program *programs)
{
	size_t n = 0;

	for (int side = 0; side < N_SIDES; side++) {
		const struct report *r = d->sides[side];

		for (size_t i = 0; i < r->n_processes; i++) {
			const struct report_other *o = &r->others[i];
			struct program *p;

			if (!is_compared_run(r, o))
				continue;
			p = find_program(programs, &n, o->executable);
			p->processes[side]++;
			p->allocations[side] += (double)o->allocations;
			p->peak[side] = fmax(p->peak[side], (double)o->peak_bytes);
		}
	}
	return n;
}

static void write_programs(const struct diff_text *t)
{
	const struct report *a = t->diff->sides[SIDE_A], *b = t->diff->sides[SIDE_B];
	struct program *programs =
		memory_new(a->n_processes + b->n_processes, sizeof(*programs));
	size_t n = add_up_programs(t->diff, programs), n_processes[N_SIDES] = {0};

	for (size_t i = 0; i < n; i++) {
		n_processes[SIDE_A] += programs[i].processes[SIDE_A];
		n_processes[SIDE_B] += programs[i].processes[SIDE_B];
	}
	if (n_processes[SIDE_A] > 1 || n_processes[SIDE_B] > 1) {
		text_heading(&t->sides[SIDE_B],
			     "All %zu and %zu processes of these runs, by program",
			     n_processes[SIDE_A], n_processes[SIDE_B]);
		for (size_t i = 0; i < n && i < t->options->top; i++) {
			const struct program *p = &programs[i];

			put_line(t, memory_format("%s (%zu and %zu)", p->name,
						  p->processes[SIDE_A],
						  p->processes[SIDE_B]));
			write_total(t, "  allocations", true, p->allocations, 0);
			write_total(t, "  largest peak", false, p->peak, 0);
		}
		if (n > t->options->top)
			fprintf(t->screen->out, "(%zu more programs)\n",
				n - t->options->top);
		put_line(t, memory_text("Below are the two processes named above "
					"(--process-a, --process-b for others)."));
	}
	free(programs);
}

/* The side whose names and lines a change is shown by. */
static enum diff_side shown_side(const struct diff_change *change)
{
	return change->site[SIDE_B] ? SIDE_B : SIDE_A;
}

static const struct report_site *
site_of(const struct diff_text *t, const struct diff_change *change, enum diff_side side)
{
	return &t->diff->sides[side]->sites[change->site[side] - 1];
}

static bool has_sides(const struct screen *s)
{
	return s->width >= SIDES_WIDTH;
}

static size_t used_columns(const struct diff_text *t)
{
	return HANDLE_COLUMNS + CHANGE_COLUMNS + 2 +
	       (is_estimate(t) ? ERROR_COLUMNS : 0) +
	       (has_sides(t->screen) ? PERCENT_COLUMNS + 2 * SIDE_COLUMNS : 0);
}

static size_t left_columns(const struct diff_text *t)
{
	size_t used = used_columns(t), width = t->screen->width;

	return width == SIZE_MAX ? SIZE_MAX : width > used + 8 ? width - used : 8;
}

/* As in "malloc ← xmalloc ← push  json.cc:212  (was add)". */
static char *describe(const struct diff_text *t, const struct diff_change *change)
{
	enum diff_side side = shown_side(change);
	const struct report_site *site = site_of(t, change, side);
	char *what = text_owner(&t->sides[side], site, left_columns(t)), *longer;

	if (change->is_renamed) {
		const struct report *a = t->diff->sides[SIDE_A];
		uint32_t frame = site_of(t, change, SIDE_A)->frame;

		longer = memory_format(
			"%s  (was %s)", what,
			text_function(&t->sides[SIDE_A], a->frames[frame].function));
		free(what);
		what = longer;
	}
	return what;
}

void diff_row(const struct diff_text *t, const char *handle,
	      const struct diff_values *values, double variance, const char *what)
{
	const struct screen *s = t->screen;
	double a = values->of[SIDE_A][t->value], b = values->of[SIDE_B][t->value];
	char *cut = screen_cut(t->screen, what, left_columns(t)), error[40] = "";

	if (variance > 0)
		snprintf(error, sizeof(error), "±%s",
			 diff_figure(t->value, cells_error(variance)).text);
	fprintf(s->out, "%-*s", HANDLE_COLUMNS, handle);
	screen_style(s, STYLE_STRONG);
	fprintf(s->out, "%*s", CHANGE_COLUMNS, signed_figure(t->value, b - a).text);
	screen_style(s, STYLE_PLAIN);
	if (is_estimate(t))
		fprintf(s->out, "%*s%s", (int)(ERROR_COLUMNS - screen_columns(error)), "",
			error);
	if (has_sides(s))
		fprintf(s->out, "%*s%*s%*s", PERCENT_COLUMNS, change_text(a, b).text,
			SIDE_COLUMNS, diff_figure(t->value, a).text, SIDE_COLUMNS,
			diff_figure(t->value, b).text);
	fprintf(s->out, "  %s\n", cut);
	free(cut);
}

static void write_change(const struct diff_text *t, const struct diff_change *change)
{
	const struct report_site *site = site_of(t, change, shown_side(change));
	char *handle = memory_format("s%lld", (long long)site->number);
	char *what = describe(t, change);

	diff_row(t, handle, &change->values, change->variances[t->value], what);
	free(handle);
	free(what);
}

void diff_add(struct diff_values *sum, const struct diff_values *values)
{
	for (int side = 0; side < N_SIDES; side++) {
		for (int i = 0; i < N_REPORT_VALUES; i++)
			sum->of[side][i] += values->of[side][i];
	}
}

static bool is_shown(const struct diff_text *t, const struct diff_change *change,
		     enum diff_status status)
{
	return diff_status(change, t->value) == status &&
	       fabs(diff_of(&change->values, t->value)) >= t->least;
}

/* One table: the changes of a status, at most `top`, and the sum of the others. */
static bool write_table(const struct diff_text *t, const size_t *order,
			enum diff_status status, const char *title)
{
	struct diff_values all = {0}, rest = {0};
	size_t n = 0;
	char *what;

	for (size_t i = 0; i < t->diff->n_changes; i++) {
		const struct diff_change *change = &t->diff->changes[order[i]];

		if (!is_shown(t, change, status))
			continue;
		diff_add(&all, &change->values);
		if (n++ >= t->options->top)
			diff_add(&rest, &change->values);
	}
	if (n == 0)
		return false;
	text_heading(&t->sides[SIDE_B], "%s: %s, %s site%s", title,
		     signed_figure(t->value, diff_of(&all, t->value)).text,
		     count_text((double)n).text, n == 1 ? "" : "s");
	for (size_t i = 0, k = 0; k < t->options->top && i < t->diff->n_changes; i++) {
		const struct diff_change *change = &t->diff->changes[order[i]];

		if (!is_shown(t, change, status))
			continue;
		write_change(t, change);
		k++;
	}
	if (n > t->options->top) {
		what = memory_format("(%zu more sites)", n - t->options->top);
		diff_row(t, "", &rest, 0, what);
		free(what);
	}
	return true;
}

/* What differs, but by too little. */
static void write_smaller(const struct diff_text *t)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < t->diff->n_changes; i++) {
		double change = diff_of(&t->diff->changes[i].values, t->value);

		if (fabs(change) < 0.5 || fabs(change) >= t->least)
			continue;
		n++;
		sum += change;
	}
	if (n)
		fprintf(t->screen->out,
			"\n%zu site%s changed by less than %s, %s in all.\n", n,
			n == 1 ? "" : "s", diff_figure(t->value, t->least).text,
			signed_figure(t->value, sum).text);
}

static void write_tables(const struct diff_text *t)
{
	static const struct {
		enum diff_status status;
		const char *title;
	} tables[] = {
		{DIFF_GROWN, "Grown"},
		{DIFF_NEW, "New"},
		{DIFF_SHRUNK, "Shrunk"},
		{DIFF_GONE, "Gone"},
	};
	size_t *order = diff_order(t->diff, t->value, t->options->relative);
	bool any = false;

	text_heading(&t->sides[SIDE_B], "By call site: %s",
		     text_sort_titles[t->options->sort]);
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		any |= write_table(t, order, tables[i].status, tables[i].title);
	if (!any)
		fputs("No call site differs.\n", t->screen->out);
	write_smaller(t);
	free(order);
}

/* What the traces do not show bears on what is compared. */
static void write_unseen(const struct diff_text *t)
{
	bool is_first = true;

	for (int side = 0; side < N_SIDES; side++) {
		const struct report_notes *notes = &t->diff->sides[side]->unseen;

		for (size_t i = 0; i < notes->n; i++) {
			if (is_first)
				text_heading(&t->sides[SIDE_B], "Not seen");
			is_first = false;
			fprintf(t->screen->out, "%s  ", side == SIDE_A ? "A" : "B");
			screen_wrap(t->screen, notes->notes[i].sentence, 3, 3);
		}
	}
}

void diff_write(const struct screen *screen, const struct diff *diff,
		const struct diff_options *options)
{
	struct diff_text t = diff_text_make(screen, diff, options);

	diff_text_begin(&t);
	diff_write_side(&t, SIDE_A);
	diff_write_side(&t, SIDE_B);
	write_totals(&t);
	write_programs(&t);
	write_tables(&t);
	write_unseen(&t);
}
