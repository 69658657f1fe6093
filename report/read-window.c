// SPDX-License-Identifier: MIT
/*
 * The times of interest: edges of equal steps, and the moments that somebody asks about:
 * the peak, the marks, the ends of the window.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "report/memory.h"
#include "report/numbers.h"
#include "report/read.h"

#include "report/read-parts.h"

/* Marks that are edges of their own; of more, the first ones are. */
#define MAX_MARKS 4096

static const struct {
	const char *name;
	double ns;
} units[] = {{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}, {"m", 60e9}};

/* A time such as 3.2s. Without a unit it is in seconds. */
static bool parse_time(const char *text, int64_t *ns)
{
	char *end;
	double number = strtod(text, &end);

	if (end == text || !isfinite(number) || number < 0)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (strcmp(end, units[i].name) != 0)
			continue;
		number *= units[i].ns;
		*ns = number_round(number);
		return true;
	}
	return false;
}

/* The first mark with that text which is not before a time. */
static bool find_mark(const struct report *report, const char *text, int64_t from,
		      int64_t *ns)
{
	for (size_t i = 0; i < report->n_markers; i++) {
		if (report->markers[i].ns < from ||
		    strcmp(report->markers[i].text, text) != 0)
			continue;
		*ns = report->markers[i].ns;
		return true;
	}
	return false;
}

static int64_t end_of(const struct report *report)
{
	int64_t end = number_round(report->process.duration_ms * 1e6);

	if (end < report->peak_ns)
		end = report->peak_ns;
	return end > 0 ? end : 0;
}

static bool find_moment(const struct report *report, const char *text, int64_t from,
			int64_t *ns)
{
	if (parse_time(text, ns) || find_mark(report, text, from, ns))
		return true;
	if (strcmp(text, "peak") == 0)
		*ns = report->peak_ns;
	else if (strcmp(text, "start") == 0)
		*ns = 0;
	else if (strcmp(text, "end") == 0)
		*ns = end_of(report);
	else
		return false;
	return true;
}

int64_t report_moment(const struct report *report, const char *option, const char *text)
{
	int64_t ns;

	if (find_moment(report, text, -1, &ns))
		return ns < end_of(report) ? ns : end_of(report);
	die_usage("--%s: '%s' is no time such as 3.2s, no mark of the program, and not "
		  "'start', 'peak' or 'end'",
		  option, text);
}

/* `from` is where the window begins, or -1 for its begin itself. */
static int64_t parse_moment(const struct report *report, const char *text, int64_t from)
{
	int64_t ns;

	if (!*text)
		return from < 0 ? 0 : end_of(report);
	if (find_moment(report, text, from, &ns))
		return ns;
	die_usage("--window: '%s' is no time such as 3.2s, no mark of the program%s, and "
		  "not 'start', 'peak' or 'end'",
		  text, from < 0 ? "" : " after the window begins");
}

static void parse_window(const struct report *report, const char *window, int64_t *from,
			 int64_t *to)
{
	char *begin = memory_text(window), *end = strstr(begin, "..");

	if (!end)
		die_usage("--window=%s: expected FROM..TO, times or marks", window);
	*end = 0;
	*from = parse_moment(report, begin, -1);
	*to = parse_moment(report, end + 2, *from);
	if (*to > end_of(report))
		*to = end_of(report);
	if (*from >= *to)
		die_usage(
			"--window=%s: it ends before it begins; the trace is %.9g s long",
			window, (double)end_of(report) / 1e9);
	free(begin);
}

void reading_take_window(struct reading *r)
{
	struct report *report = r->report;
	size_t n_marks = report->n_markers < MAX_MARKS ? report->n_markers : MAX_MARKS;
	int64_t *moments = memory_new(n_marks + 3, sizeof(*moments));
	int64_t from = 0, to = end_of(report);
	size_t n = 0;

	report->has_window = r->options->window != NULL;
	if (report->has_window)
		parse_window(report, r->options->window, &from, &to);
	for (size_t i = 0; i < n_marks; i++)
		moments[n++] = report->markers[i].ns;
	moments[n++] = report->peak_ns;
	moments[n++] = from;
	moments[n++] = to;
	edges_init(&report->edges, end_of(report), r->options->buckets, moments, n);
	free(moments);
	report->peak_edge = edges_find(&report->edges, report->peak_ns);
	report->window_from = edges_find(&report->edges, from);
	report->window_to = edges_find(&report->edges, to);
	for (size_t i = 0; i < report->n_markers; i++)
		report->markers[i].edge =
			edges_find(&report->edges, report->markers[i].ns);
}
