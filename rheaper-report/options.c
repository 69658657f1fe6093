// SPDX-License-Identifier: MIT
#include <stddef.h>
#include <string.h>

#include "common/cli.h"
#include "common/options.h"
#include "report/screen-options.h"
#include "symbols/symbol-options.h"

#include "rheaper-report/options.h"

#define DEFAULT_TOP 10

static const struct option_row rows[] = {
	{.help = "What to show (default: an overview)"},
	{OPTION_CHOICE, 's', "sort", "KEY", OPTION_FIELD(sort), .choice = text_sort_name,
	 .help = "only the call sites, those with most of KEY first"},
	{OPTION_SET, 't', "tree", OPTION_FIELD(tree),
	 .help = "the call tree, from main downwards"},
	{OPTION_SET, 'c', "callers", OPTION_FIELD(callers),
	 .help = "the tree the other way round: who calls what allocates"},
	{OPTION_TEXT, 0, "site", "sN", OPTION_FIELD(report.site),
	 .help = "all about one call site, by its handle"},
	{OPTION_SET, 0, "retained", OPTION_FIELD(retained),
	 .help = "which variables and call sites keep how much memory alive, of a heap "
		 "snapshot (RHEAPER_LEAK_SCAN=graph)"},
	{OPTION_TEXT, 0, "why", "BLOCK", OPTION_FIELD(why),
	 .help = "why a block is alive: the pointers that lead to it, by its address or "
		 "by the handle of a call site"},
	{OPTION_SET, 0, "pages", OPTION_FIELD(pages),
	 .help = "why the process is bigger than its heap: how full pages are, who holds "
		 "those that are nearly empty, what would give them back"},
	{OPTION_SET, 0, "json", OPTION_FIELD(json),
	 .help = "everything, as JSON; with --retained, --why or --pages, that"},
	{OPTION_NUMBER, 'n', "top", "N", OPTION_FIELD(text.top), .min = 1, .max = 1e6,
	 .help = "rows of a table (default: 10)"},
	{OPTION_TEXT, 0, "html", "FILE", OPTION_FIELD(html),
	 .help = "write a page for a browser to FILE"},
	{OPTION_TEXT, 0, "svg", "FILE", OPTION_FIELD(svg),
	 .help = "write the tree of --sort (default: peak) as a flame graph to FILE; "
		 "with --callers, inverted"},
	{.help = "What of it"},
	{OPTION_NUMBER, 'p', "process", "N", OPTION_FIELD(process), .min = 1, .max = 1e15,
	 .help = "process N of the database (default: the one with the largest peak "
		 "of the last run)"},
	{OPTION_TEXT, 0, "run", "RUN", OPTION_FIELD(report.run),
	 .help = "of the run with this number or label (default: the last one)"},
	{OPTION_TEXT, 0, "thread", "tN", OPTION_FIELD(report.thread),
	 .help = "only what thread N of the process, or the one of this name, allocated"},
	{OPTION_TEXT, 'w', "window", "A..B", OPTION_FIELD(report.window),
	 .help = "only what happened from A to B: times such as 3.2s or 400ms, marks "
		 "of the program, 'start', 'peak', 'end'"},
	{OPTION_TEXT, 0, "snapshot", "NAME", OPTION_FIELD(snapshot),
	 .help = "the heap snapshot of that name or number (default: the last one)"},
	{OPTION_TEXT, 0, "at", "TIME", OPTION_FIELD(at),
	 .help = "the moment of --pages: a time such as 3.2s or 400ms, a mark of the "
		 "program, 'start', 'peak' or 'end' (default: the end, or the peak if "
		 "nothing is live then)"},
	{OPTION_NUMBER, 0, "buckets", "N", OPTION_FIELD(report.buckets), .min = 1,
	 .max = 4096, .help = "steps of time (default: 256)"},
	{.help = "Symbols, of traces"},
	SYMBOL_OPTIONS_DEBUGINFOD(symbols),
	{.help = "Call sites"},
	{OPTION_LIST, 0, "wrapper", "GLOB", OPTION_FIELD(report.wrappers),
	 .n_offset = offsetof(struct options, report.n_wrappers),
	 .help = "also take functions that fit GLOB for allocation wrappers, which call "
		 "sites skip; may be repeated"},
	{.help = "The page"},
	{OPTION_REAL, 0, "prune", "PERCENT", OPTION_FIELD(prune), .max = 100,
	 .help = "fold nodes of the call tree with less than PERCENT of everything "
		 "(default: 0.01)"},
	{OPTION_SIZE, 0, "max-size", "BYTES", OPTION_FIELD(max_size),
	 .help = "fold more, until the page has no more than BYTES (K, M, G; 0: no "
		 "limit; default: 1000000)"},
	{OPTION_TEXT, 0, "embed-source", "DIR", OPTION_FIELD(page.sources),
	 .help = "put lines of source files below DIR into the page (default: none)"},
	{OPTION_LIST, 0, "redact", "WHAT", OPTION_FIELD(redacted),
	 .n_offset = offsetof(struct options, n_redacted),
	 .help = "leave args, paths or host out of the page; may be repeated, or "
		 "separated by commas"},
	{.help = "Output"},
	{OPTION_SET, 0, "full-names", OPTION_FIELD(text.full_names),
	 .help = "do not fold the arguments of templates, nor shorten paths"},
	SCREEN_OPTIONS,
	{.help = "Other options"},
};

static const struct option_program program = {
	.name = "rheaper-report",
	.usage = "[OPTION]... DATABASE\n[OPTION]... TRACE...",
	.about = "Show what a program allocated: its peak, who allocates, what leaks.",
	.notes = "DATABASE is one of rheaper-load. Traces are loaded on the way. Sites "
		 "(s17), threads (t3) and processes (p2) have handles, which options "
		 "take. Output that does not go to a terminal is plain and never cut.",
	.operands = "DATABASE or TRACE...",
	.min_operands = 1,
	.status = {[EXIT_FINE] = "shown", [EXIT_CANNOT] = "error"},
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(*rows),
};

/* What is about one moment, and all threads. */
static void check_moments(const struct options *o)
{
	if (o->snapshot && !o->retained && !o->why && !o->html)
		die_usage("--snapshot is for --retained, --why and --html");
	if ((o->retained || o->why) &&
	    (o->report.window || o->report.thread || o->report.n_wrappers))
		die_usage("--window, --thread and --wrapper cannot be combined with "
			  "--retained and --why, which are about one moment and all "
			  "threads");
	if (o->at && !o->pages)
		die_usage("--at is for --pages");
	if (o->pages && (o->report.window || o->report.thread))
		die_usage("--window and --thread cannot be combined with --pages, which "
			  "is about one moment and all threads");
}

static void check_options(const struct options *o)
{
	bool is_tree = o->tree || o->callers || o->svg;
	int views = (o->sort >= 0 && !is_tree) + (o->tree || (o->callers && !o->svg)) +
		    (o->report.site != NULL) + o->retained + (o->why != NULL) + o->pages +
		    (o->json && !o->retained && !o->why && !o->pages) +
		    (o->html != NULL) + (o->svg != NULL);

	if (views > 1)
		die_usage("choose one of --sort, --tree, --callers, --site, --retained, "
			  "--why, --pages, --json, --html and --svg; --sort also goes "
			  "with the trees, --callers with --svg, --json with --retained, "
			  "--why and --pages");
	check_moments(o);
	if (o->report.run && o->process)
		die_usage("--run and --process cannot be combined: processes have "
			  "numbers of their own in each database");
	if (o->report.window && o->sort == SORT_TEMPORARY)
		die_usage("--sort=temporary and --window cannot be combined: temporary "
			  "blocks are counted for the whole run");
}

static unsigned int parse_redacted(const char *words)
{
	static const char *const names[] = {"args", "paths", "host"};
	unsigned int set = 0;
	size_t length;

	for (; *words; words += length + (words[length] == ',')) {
		unsigned int found = 0;

		length = strcspn(words, ",");
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
			if (strlen(names[i]) == length &&
			    strncmp(words, names[i], length) == 0)
				found = 1u << i;
		}
		if (!found)
			die_usage("--redact=%.*s: expected args, paths or host",
				  (int)length, words);
		set |= found;
	}
	return set;
}

static void take_page_options(struct options *o)
{
	o->page.prune = o->prune / 100;
	o->page.max_size = (size_t)o->max_size;
	for (size_t i = 0; i < o->n_redacted; i++)
		o->page.redact |= parse_redacted(o->redacted[i]);
	if (!o->html && (o->page.redact || o->page.sources))
		die_usage("--redact and --embed-source are for --html");
	if (o->html && !page_is_available())
		die("write %s: this rheaper-report was built without the libraries that "
		    "a page needs (tools/vendor fetches them); everything else works",
		    o->html);
}

void options_read(struct options *o, int argc, char **argv)
{
	int first;

	*o = (struct options){.report = {.buckets = REPORT_BUCKETS},
			      .text = {.top = DEFAULT_TOP},
			      .prune = PAGE_PRUNE * 100,
			      .max_size = PAGE_MAX_SIZE,
			      .sort = -1,
			      .color = -1};
	first = options_parse(&program, o, argc, argv);
	check_options(o);
	o->report.process = (int64_t)o->process;
	take_page_options(o);
	o->text.sort = o->sort < 0 ? SORT_PEAK : (enum text_sort)o->sort;
	o->text.is_sorted = o->sort >= 0;
	o->text.callers = o->callers;
	o->inputs = argv + first;
	o->n_inputs = (size_t)(argc - first);
	o->text.input = o->inputs[0];
}

void options_free(struct options *o)
{
	options_fini(&program, o);
}
