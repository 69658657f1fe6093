// SPDX-License-Identifier: MIT
/* Tables of call sites. Their columns get fewer as the terminal gets narrower. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/path.h"
#include "report/cells.h"
#include "report/memory.h"
#include "report/numbers.h"
#include "report/sites.h"

#include "report/text-parts.h"

#define HANDLE_COLUMNS 6
#define BAR_COLUMNS 8
#define FIGURE_COLUMNS 10
#define PERCENT_COLUMNS 9
#define BLOCKS_COLUMNS 11
#define SPARK_COLUMNS 8
#define ERROR_COLUMNS 8 /* of estimates */
#define ARROW " ← "
#define MAX_CALLERS 5
#define BAR_WIDTH 96     /* of a line that has room for bars */
#define PERCENT_WIDTH 48 /* of a line that has room for percents */

const char *const text_sort_names[N_TEXT_SORTS] = {
	[SORT_PEAK] = "peak",           [SORT_BYTES] = "bytes",   [SORT_COUNT] = "count",
	[SORT_TEMPORARY] = "temporary", [SORT_LEAKED] = "leaked",
};

const char *const text_sort_titles[N_TEXT_SORTS] = {
	[SORT_PEAK] = "At the peak",
	[SORT_BYTES] = "Allocated bytes",
	[SORT_COUNT] = "Allocations",
	[SORT_TEMPORARY] = "Temporary allocations",
	[SORT_LEAKED] = "Not freed at the end",
};

const char *text_sort_name(size_t i)
{
	return i < N_TEXT_SORTS ? text_sort_names[i] : NULL;
}

enum report_value text_sort_value(enum text_sort sort)
{
	static const enum report_value values[N_TEXT_SORTS] = {
		[SORT_PEAK] = VALUE_PEAK_BYTES,   [SORT_BYTES] = VALUE_BYTES,
		[SORT_COUNT] = VALUE_BLOCKS,      [SORT_TEMPORARY] = VALUE_TEMPORARY,
		[SORT_LEAKED] = VALUE_LIVE_BYTES,
	};

	return values[sort];
}

/* The number of blocks that belongs to that value. */
static enum report_value blocks_value(enum text_sort sort)
{
	static const enum report_value values[N_TEXT_SORTS] = {
		[SORT_PEAK] = VALUE_PEAK_BLOCKS,   [SORT_BYTES] = VALUE_BLOCKS,
		[SORT_COUNT] = VALUE_BLOCKS,       [SORT_TEMPORARY] = VALUE_TEMPORARY,
		[SORT_LEAKED] = VALUE_LIVE_BLOCKS,
	};

	return values[sort];
}

/* The bytes that belong to that value. */
static enum report_value bytes_value(enum text_sort sort)
{
	static const enum report_value values[N_TEXT_SORTS] = {
		[SORT_PEAK] = VALUE_PEAK_BYTES,   [SORT_BYTES] = VALUE_BYTES,
		[SORT_COUNT] = VALUE_BYTES,       [SORT_TEMPORARY] = VALUE_BYTES,
		[SORT_LEAKED] = VALUE_LIVE_BYTES,
	};

	return values[sort];
}

const char *text_function(const struct text *t, uint32_t function)
{
	const struct report_function *f = &t->report->functions[function];

	return strings_get(&t->report->strings,
			   t->options->full_names ? f->full_name : f->short_name);
}

char *text_place(const struct text *t, uint32_t number)
{
	const struct report_frame *frame = &t->report->frames[number];
	const char *function = text_function(t, frame->function);
	const char *file = strings_get(&t->report->strings, frame->file);
	const char *inferred = frame->flags & FRAME_INFERRED ? " [inferred]" : "";

	if (!t->options->full_names)
		file = path_base(file);
	if (file[0] && frame->line)
		return memory_format("%s%s  %s:%u", function, inferred, file,
				     frame->line);
	if (file[0])
		return memory_format("%s%s  %s", function, inferred, file);
	if (frame->module)
		return memory_format(
			"%s%s  (%s)", function, inferred,
			path_base(t->report->modules[frame->module - 1].path));
	return memory_format("%s%s", function, inferred);
}

/* Where what follows the last arrow of a chain begins. */
static const char *last_arrow(const char *chain)
{
	const char *next;

	while ((next = strstr(chain, ARROW)) != NULL)
		chain = next + strlen(ARROW);
	return chain;
}

/* Append the functions that call it, as " < parse < main", while they fit. One that calls
 * itself is there once. */
static char *add_callers(const struct text *t, const struct report_site *site, char *what,
			 size_t columns)
{
	const struct nodes *tree = &t->report->tree;
	uint32_t node = site->node, last = t->report->frames[site->frame].function;
	size_t left = MAX_CALLERS;
	char *longer;

	while (node && tree->nodes[node].frame != site->frame)
		node = tree->nodes[node].parent;
	while (node && left && (node = tree->nodes[node].parent) != 0) {
		const struct report_frame *frame =
			&t->report->frames[tree->nodes[node].frame];

		if (frame->flags & (FRAME_STARTUP | FRAME_SKIPPED) ||
		    frame->function == last)
			continue;
		last = frame->function;
		left--;
		longer =
			memory_format("%s < %s", what, text_function(t, frame->function));
		if (screen_columns(longer) > columns) {
			free(longer);
			break;
		}
		free(what);
		what = longer;
	}
	return what;
}

/* The chain is there if it has more than the allocator and the site, and fits. */
char *text_owner(const struct text *t, const struct report_site *site, size_t columns)
{
	const char *chain = strings_get(&t->report->strings, site->chain);
	const char *arrow = strstr(chain, ARROW);
	char *place, *what;

	if (site->frame == 0)
		return memory_text("(stack unknown)");
	place = text_place(t, site->frame);
	if (t->options->full_names || !arrow || !strstr(arrow + 1, ARROW))
		return place;
	what = memory_format("%.*s%s", (int)(last_arrow(chain) - chain), chain, place);
	if (screen_columns(what) > columns) {
		free(what);
		return place;
	}
	free(place);
	return what;
}

/* As in "malloc ← xmalloc ← push  json.cc:212 < parse < main". */
static char *describe_site(const struct text *t, const struct report_site *site,
			   size_t columns)
{
	char *what = text_owner(t, site, columns);

	return site->frame == 0 ? what : add_callers(t, site, what, columns);
}

void text_heading(const struct text *t, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = memory_format_list(format, arguments);
	va_end(arguments);
	putc('\n', t->screen->out);
	screen_style(t->screen, STYLE_STRONG);
	screen_put(t->screen, text);
	free(text);
	screen_style(t->screen, STYLE_PLAIN);
	putc('\n', t->screen->out);
}

static bool has_bars(const struct screen *s)
{
	return s->blocks && s->width >= BAR_WIDTH;
}

/* The columns before the last one. */
static size_t used_columns(const struct text *t)
{
	const struct screen *s = t->screen;
	size_t used = HANDLE_COLUMNS + FIGURE_COLUMNS + 2;

	if (t->report->is_estimate)
		used += ERROR_COLUMNS;

	if (s->blocks)
		used += SPARK_COLUMNS + 2;
	if (has_bars(s))
		used += BAR_COLUMNS + 1;
	if (s->width >= PERCENT_WIDTH)
		used += PERCENT_COLUMNS + BLOCKS_COLUMNS;
	return used;
}

static size_t left_columns(const struct text *t)
{
	const struct screen *s = t->screen;
	size_t used = used_columns(t);

	return s->width == SIZE_MAX  ? SIZE_MAX
	       : s->width > used + 8 ? s->width - used
				     : 8;
}

/* The interval of an estimate, in percent of the figure before it. */
static void write_error(const struct text *t, double error)
{
	char text[16] = "";

	if (!t->report->is_estimate)
		return;
	if (error > 0)
		snprintf(text, sizeof(text), "±%.0f %%", fmin(error * 100, 999));
	fprintf(t->screen->out, "%*s%s", (int)(ERROR_COLUMNS - screen_columns(text)), "",
		text);
}

void text_row(const struct text *t, const struct text_row *row)
{
	const struct screen *s = t->screen;
	char *what = screen_cut(s, row->what, left_columns(t));

	fprintf(s->out, "%-*s", HANDLE_COLUMNS, row->handle);
	if (has_bars(s)) {
		screen_bar(s, row->share, BAR_COLUMNS);
		putc(' ', s->out);
	}
	screen_style(s, STYLE_STRONG);
	fprintf(s->out, "%*s", FIGURE_COLUMNS, row->figure);
	screen_style(s, STYLE_PLAIN);
	write_error(t, row->error);
	if (s->width >= PERCENT_WIDTH)
		fprintf(s->out, "%*s%*s", PERCENT_COLUMNS, row->percent, BLOCKS_COLUMNS,
			row->blocks);
	if (s->blocks) {
		fputs("  ", s->out);
		screen_style(s, STYLE_DIM);
		if (row->series)
			screen_spark(s, row->series, t->report->edges.n, SPARK_COLUMNS);
		else
			fprintf(s->out, "%*s", SPARK_COLUMNS, "");
		screen_style(s, STYLE_PLAIN);
	}
	fprintf(s->out, "  %s\n", what);
	free(what);
}

static const char *figure(struct number_text *number, enum text_sort sort, double bytes,
			  double blocks)
{
	bool counts = sort == SORT_COUNT || sort == SORT_TEMPORARY;

	*number = counts ? count_text(blocks) : bytes_text(bytes);
	return number->text;
}

static double error_of(const struct report_site *site, enum report_value value)
{
	return site->values[value] > 0
		       ? cells_error(site->variances[value]) / site->values[value]
		       : 0;
}

static void write_site(const struct text *t, enum text_sort sort, size_t index,
		       double most, double all)
{
	const struct report_site *site = &t->report->sites[index];
	double value = site->values[text_sort_value(sort)];
	double blocks = site->values[blocks_value(sort)];
	double bytes = site->values[bytes_value(sort)];
	bool counts = sort == SORT_COUNT || sort == SORT_TEMPORARY;
	double *series = t->screen->blocks ? cells_series(t->report, index) : NULL;
	char *what = describe_site(t, site, left_columns(t));
	char *handle = memory_format("s%lld", (long long)site->number);
	struct number_text number;

	text_row(t, &(struct text_row){.handle = handle,
				       .share = most > 0 ? value / most : 0,
				       .figure = figure(&number, sort, bytes, blocks),
				       .error = error_of(site, text_sort_value(sort)),
				       .percent = percent_text(value, all).text,
				       .blocks = counts ? bytes_text(bytes).text
							: count_text(blocks).text,
				       .series = series,
				       .what = what});
	free(handle);
	free(series);
	free(what);
}

static void write_others(const struct text *t, enum text_sort sort, const uint32_t *order,
			 size_t top, double all)
{
	bool counts = sort == SORT_COUNT || sort == SORT_TEMPORARY;
	double value = 0, blocks = 0, bytes = 0;
	struct number_text number;
	size_t n = 0;
	char *what;

	for (size_t i = top; i < t->report->n_sites; i++) {
		const struct report_site *site = &t->report->sites[order[i]];

		n += site->values[text_sort_value(sort)] > 0;
		value += site->values[text_sort_value(sort)];
		blocks += site->values[blocks_value(sort)];
		bytes += site->values[bytes_value(sort)];
	}
	if (n == 0)
		return;
	what = memory_format("(%zu more site%s)", n, n == 1 ? "" : "s");
	text_row(t, &(struct text_row){.handle = "",
				       .figure = figure(&number, sort, bytes, blocks),
				       .percent = percent_text(value, all).text,
				       .blocks = counts ? bytes_text(bytes).text
							: count_text(blocks).text,
				       .what = what});
	free(what);
}

static void write_titles(const struct text *t, enum text_sort sort)
{
	const struct screen *s = t->screen;
	bool counts = sort == SORT_COUNT || sort == SORT_TEMPORARY;

	screen_style(s, STYLE_DIM);
	fprintf(s->out, "%-*s", HANDLE_COLUMNS, "site");
	if (has_bars(s))
		fprintf(s->out, "%*s", BAR_COLUMNS + 1, "");
	fprintf(s->out, "%*s", FIGURE_COLUMNS, counts ? "blocks" : "bytes");
	if (t->report->is_estimate)
		fprintf(s->out, "%*s", ERROR_COLUMNS, "95 %");
	if (s->width >= PERCENT_WIDTH)
		fprintf(s->out, "%*s%*s", PERCENT_COLUMNS, "%", BLOCKS_COLUMNS,
			counts ? "bytes" : "blocks");
	if (s->blocks)
		fprintf(s->out, "  %-*s", SPARK_COLUMNS, "live");
	fputs("  where\n", s->out);
	screen_style(s, STYLE_PLAIN);
}

void text_sites(const struct text *t, enum text_sort sort, size_t top)
{
	enum report_value value = text_sort_value(sort);
	uint32_t *order = sites_order(t->report, value);
	double all = 0, most;

	for (size_t i = 0; i < t->report->n_sites; i++)
		all += t->report->sites[i].values[value];
	write_titles(t, sort);
	most = t->report->n_sites ? t->report->sites[order[0]].values[value] : 0;
	for (size_t i = 0; i < top && i < t->report->n_sites; i++) {
		if (t->report->sites[order[i]].values[value] > 0)
			write_site(t, sort, order[i], most, all);
	}
	write_others(t, sort, order, top, all);
	free(order);
}
