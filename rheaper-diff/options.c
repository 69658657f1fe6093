// SPDX-License-Identifier: MIT
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/options.h"
#include "report/screen-options.h"
#include "report/page.h"
#include "report/screen.h"
#include "symbols/symbol-options.h"

#include "rheaper-diff/options.h"

#define DEFAULT_TOP 10

static const struct option_row rows[] = {
	{.help = "What to show (default: totals, and call sites by their bytes at the "
		 "peak)"},
	{OPTION_CHOICE, 's', "sort", "KEY", OPTION_FIELD(sort), .choice = text_sort_name,
	 .help = "compare call sites by KEY (default: peak)"},
	{OPTION_SET, 't', "tree", OPTION_FIELD(tree),
	 .help = "the call trees as one, with the difference of each function"},
	{OPTION_SET, 0, "retained", OPTION_FIELD(retained),
	 .help = "what was added between two heap snapshots (RHEAPER_LEAK_SCAN=graph), "
		 "and who retains it; of one DATABASE, from the first to the last"},
	{OPTION_SET, 0, "json", OPTION_FIELD(json), .help = "everything, as JSON"},
	{OPTION_TEXT, 0, "html", "FILE", OPTION_FIELD(html),
	 .help = "write a page for a browser to FILE"},
	{OPTION_NUMBER, 'n', "top", "N", OPTION_FIELD(diff.top), .min = 1, .max = 1e6,
	 .help = "rows of a table (default: 10)"},
	{OPTION_TEXT, 'm', "min", "N|P%", OPTION_FIELD(min),
	 .help = "leave out differences of less than N, or than P percent of A's total "
		 "(default: none)"},
	{OPTION_SET, 'r', "relative", OPTION_FIELD(diff.relative),
	 .help = "order by factors, not by differences"},
	{.help = "Of which processes (default: the one with the largest peak of the last "
		 "run)"},
	{OPTION_NUMBER, 0, "process-a", "N", OPTION_FIELD(processes[0]), .min = 1,
	 .max = 1e15, .help = "process N of A"},
	{OPTION_NUMBER, 0, "process-b", "N", OPTION_FIELD(processes[1]), .min = 1,
	 .max = 1e15, .help = "process N of B"},
	{OPTION_TEXT, 0, "snapshots", "A,B", OPTION_FIELD(both_snapshots),
	 .help = "the heap snapshots with these names or numbers; goes with --retained, "
		 "which it implies (default: of one process the first and the last, of "
		 "two the last of each)"},
	{OPTION_LIST, 0, "wrapper", "GLOB", OPTION_FIELD(report.wrappers),
	 .n_offset = offsetof(struct options, report.n_wrappers),
	 .help = "also take functions that fit GLOB for allocation wrappers, which call "
		 "sites pass over; may be repeated"},
	{.help = "Symbols, of traces"},
	SYMBOL_OPTIONS_DEBUGINFOD(symbols),
	{.help = "Output"},
	{OPTION_SET, 0, "full-names", OPTION_FIELD(diff.full_names),
	 .help = "do not fold the arguments of templates, nor shorten paths"},
	SCREEN_OPTIONS,
	{.help = "Other options"},
};

static const struct option_program program = {
	.name = "rheaper-diff",
	.usage = "[OPTION]... A B\n--retained [OPTION]... DATABASE",
	.about = "Show what changed from A to B: what grew, shrank, is new, is gone.",
	.notes = "A and B are databases of rheaper-load, or traces, which are loaded on "
		 "the way. DATABASE:RUN takes the run with that label or number.",
	.operands = "A and B",
	.min_operands = 1,
	.max_operands = 2,
	.status = {[EXIT_FINE] = "shown", [EXIT_CANNOT] = "error"},
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(*rows),
};

/* "N", with K, M or G for powers of 1024, or "P%". */
static void take_least(struct options *o)
{
	int64_t number;
	double share;
	char *end;

	if (!o->min)
		return;
	if (options_parse_size(o->min, &number)) {
		o->diff.least = (double)number;
		return;
	}
	share = strtod(o->min, &end);
	if (end == o->min || strcmp(end, "%") != 0 || !(share >= 0 && share <= 100))
		die_usage("--min=%s: expected a number such as 4096 or 10K, or a share "
			  "such as 1%%",
			  o->min);
	o->diff.least_share = share / 100;
}

/* "A,B" */
static void take_snapshots(struct options *o)
{
	const char *comma;

	if (!o->both_snapshots)
		return;
	o->retained = true;
	comma = strchr(o->both_snapshots, ',');
	if (!comma || comma == o->both_snapshots || !comma[1])
		die_usage("--snapshots=%s: expected two names or numbers, as in "
			  "start,exit",
			  o->both_snapshots);
	o->snapshots[SIDE_A] =
		strndup(o->both_snapshots, (size_t)(comma - o->both_snapshots));
	o->snapshots[SIDE_B] = strdup(comma + 1);
	if (!o->snapshots[SIDE_A] || !o->snapshots[SIDE_B])
		die("out of memory");
}

static void check_options(const struct options *o)
{
	if (o->tree + (o->json && !o->retained) + (o->html != NULL) + o->retained > 1)
		die_usage("choose one of --tree, --json, --html and --retained; --json "
			  "also goes with --retained");
	if (o->retained && (o->sort >= 0 || o->diff.relative || o->report.n_wrappers))
		die_usage("--sort, --relative and --wrapper cannot be combined with "
			  "--retained, which compares retained bytes");
	if (o->n_inputs == 1 && !o->retained)
		die_usage("expected A and B, or --retained and one DATABASE");
}

void options_read(struct options *o, int argc, char **argv)
{
	int first;

	*o = (struct options){.diff = {.top = DEFAULT_TOP}, .sort = -1, .color = -1};
	first = options_parse(&program, o, argc, argv);
	o->n_inputs = (size_t)(argc - first);
	take_snapshots(o);
	check_options(o);
	if (o->html && !page_is_available())
		die("write %s: this rheaper-diff was built without the libraries that a "
		    "page needs (tools/vendor fetches them); everything else works",
		    o->html);
	take_least(o);
	o->diff.sort = o->sort < 0 ? SORT_PEAK : (enum text_sort)o->sort;
	o->diff.inputs[0] = argv[first];
	o->diff.inputs[1] = argv[argc - 1];
}

void options_free(struct options *o)
{
	for (int i = 0; i < N_SIDES; i++)
		free(o->snapshots[i]);
	options_fini(&program, o);
}
