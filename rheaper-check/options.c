// SPDX-License-Identifier: MIT
#include "rheaper-check/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/output.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/measure.h"

static const char help[] =
	"Usage: rheaper-check [OPTION]... DATABASE|TRACE...\n"
	"Say whether programs leak, or use more memory than they did.\n"
	"\n"
	"  -b, --baseline=FILE        only what is not in FILE is a finding\n"
	"      --write-baseline=FILE  write what there is to FILE\n"
	"      --update-baseline      write to the baseline what got better\n"
	"      --max-growth=NAME=N    how much more than in the baseline is fine: a "
	"number\n"
	"                             or, with %, a percentage. NAME is leak-blocks or\n"
	"                             leak-bytes, of each call site; allocations, bytes "
	"or\n"
	"                             peak, of a program; site-allocations or "
	"site-bytes\n"
	"      --limit=NAME=N         how much a program may use in any case; NAME is\n"
	"                             allocations, bytes, peak, leak-blocks or "
	"leak-bytes\n"
	"  -s, --suppressions=FILE    leaks that are accepted; may be repeated\n"
	"      --no-default-suppressions\n"
	"                             find what libc keeps on purpose, too\n"
	"  -e, --expect=FILE          rules that must hold, of scopes, marks and call "
	"sites;\n"
	"                             may be repeated\n"
	"      --min-runs=N           of several runs, what at least N (or 'all') reach\n"
	"                             counts; 1, which is the default, is the worst\n"
	"      --leak-kinds=KINDS     which blocks that were not freed are leaks, where "
	"memory\n"
	"                             was scanned (RHEAPER_LEAK_SCAN=1): definite, "
	"indirect,\n"
	"                             possible, reachable, with commas between them; "
	"all;\n"
	"                             none. By default definite,indirect\n"
	"      --allow-partial        judge traces that do not have everything\n"
	"      --report=FORMAT[=FILE] write a report to FILE, or to standard output:\n"
	"                             text, json, junit, sarif, github, markdown\n"
	"      --source-root=DIR      the sources are in DIR, not in this directory\n"
	"      --sysroot=DIR, --debug-dir=DIR, --debuginfod\n"
	"                             as of rheaper-load, for traces\n"
	"      --json                 as --report=json\n"
	"  -q, --quiet                no report on standard output\n"
	"  -h, --help                 print this\n"
	"  -V, --version              print the version\n"
	"\n"
	"Exit status: 0 fine, 1 there are findings, 2 it cannot tell.\n";

enum long_option {
	OPTION_WRITE_BASELINE = 256,
	OPTION_UPDATE_BASELINE,
	OPTION_MAX_GROWTH,
	OPTION_LIMIT,
	OPTION_NO_DEFAULT_SUPPRESSIONS,
	OPTION_MIN_RUNS,
	OPTION_ALLOW_PARTIAL,
	OPTION_REPORT,
	OPTION_SOURCE_ROOT,
	OPTION_JSON,
	OPTION_LEAK_KINDS,
	OPTION_SYSROOT,
	OPTION_DEBUG_DIR,
	OPTION_DEBUGINFOD,
};

static const struct option long_options[] = {
	{"baseline", required_argument, NULL, 'b'},
	{"write-baseline", required_argument, NULL, OPTION_WRITE_BASELINE},
	{"update-baseline", no_argument, NULL, OPTION_UPDATE_BASELINE},
	{"max-growth", required_argument, NULL, OPTION_MAX_GROWTH},
	{"limit", required_argument, NULL, OPTION_LIMIT},
	{"suppressions", required_argument, NULL, 's'},
	{"no-default-suppressions", no_argument, NULL, OPTION_NO_DEFAULT_SUPPRESSIONS},
	{"expect", required_argument, NULL, 'e'},
	{"min-runs", required_argument, NULL, OPTION_MIN_RUNS},
	{"leak-kinds", required_argument, NULL, OPTION_LEAK_KINDS},
	{"allow-partial", no_argument, NULL, OPTION_ALLOW_PARTIAL},
	{"report", required_argument, NULL, OPTION_REPORT},
	{"source-root", required_argument, NULL, OPTION_SOURCE_ROOT},
	{"sysroot", required_argument, NULL, OPTION_SYSROOT},
	{"debug-dir", required_argument, NULL, OPTION_DEBUG_DIR},
	{"debuginfod", no_argument, NULL, OPTION_DEBUGINFOD},
	{"json", no_argument, NULL, OPTION_JSON},
	{"quiet", no_argument, NULL, 'q'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

static const struct format formats[] = {
	{"text", text_write},   {"json", json_write},     {"junit", junit_write},
	{"sarif", sarif_write}, {"github", github_write}, {"markdown", markdown_write},
};

static _Noreturn void print_and_exit(bool version)
{
	if (version)
		print_version("rheaper-check");
	else
		fputs(help, stdout);
	finish_output();
	exit(EXIT_FINE);
}

/* "FORMAT" or "FORMAT=FILE" */
static void add_report(struct options *o, struct arena *arena, const char *words)
{
	size_t length = strcspn(words, "=");
	struct report report = {.path = words[length] ? words + length + 1 : NULL};

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		if (strlen(formats[i].name) == length &&
		    strncmp(formats[i].name, words, length) == 0)
			report.format = &formats[i];
	}
	if (!report.format)
		die_usage("report as %s: there is no such format", words);
	if (report.path && !report.path[0])
		die_usage("report as %s: the name of the file is empty", words);
	o->reports = arena_grow(arena, o->reports, o->n_reports, sizeof(report));
	o->reports[o->n_reports++] = report;
}

static size_t parse_runs(const char *text)
{
	int64_t n;

	if (strcmp(text, "all") == 0)
		return SIZE_MAX;
	if (!limits_parse_amount(text, &n) || n == 0)
		die_usage("check: expected a number of runs, or all, not %s", text);
	return (size_t)n;
}

static void add_name(struct arena *arena, const char ***names, size_t *n,
		     const char *name)
{
	*names = arena_grow(arena, *names, *n, sizeof(**names));
	(*names)[(*n)++] = name;
}

/* The text that an option sets, or NULL. */
static const char **text_of(struct options *o, int c)
{
	switch (c) {
	case 'b':
		return &o->baseline;
	case OPTION_WRITE_BASELINE:
		return &o->write_baseline;
	case OPTION_SOURCE_ROOT:
		return &o->source_root;
	case OPTION_SYSROOT:
		return &o->symbols.sysroot;
	default:
		return NULL;
	}
}

/* The flag that an option sets, or NULL. */
static bool *flag_of(struct options *o, int c)
{
	switch (c) {
	case OPTION_UPDATE_BASELINE:
		return &o->update_baseline;
	case OPTION_NO_DEFAULT_SUPPRESSIONS:
		return &o->no_default_suppressions;
	case OPTION_ALLOW_PARTIAL:
		return &o->allow_partial;
	case OPTION_DEBUGINFOD:
		return &o->symbols.debuginfod;
	case 'q':
		return &o->quiet;
	default:
		return NULL;
	}
}

/* An option that does more than to set something. */
static void take_option(struct options *o, struct arena *arena, int c)
{
	switch (c) {
	case OPTION_MAX_GROWTH:
		limits_take_growth(&o->limits, optarg);
		break;
	case OPTION_LIMIT:
		limits_take_most(&o->limits, optarg);
		break;
	case 's':
		add_name(arena, &o->suppressions, &o->n_suppressions, optarg);
		break;
	case 'e':
		add_name(arena, &o->expectations, &o->n_expectations, optarg);
		break;
	case OPTION_DEBUG_DIR:
		add_name(arena, &o->symbols.debug_dirs, &o->symbols.n_debug_dirs, optarg);
		break;
	case OPTION_MIN_RUNS:
		o->min_runs = parse_runs(optarg);
		break;
	case OPTION_LEAK_KINDS:
		if (!leak_kinds_parse(optarg, &o->leak_kinds))
			die_usage("expected --leak-kinds of definite, indirect, possible,"
				  " reachable, all, none, not '%s'",
				  optarg);
		break;
	case OPTION_REPORT:
		add_report(o, arena, optarg);
		break;
	case OPTION_JSON:
		add_report(o, arena, "json");
		break;
	case 'h':
	case 'V':
		print_and_exit(c == 'V');
	default:
		fprintf(stderr, "Try 'rheaper-check --help'.\n");
		exit(EXIT_CANNOT);
	}
}

/* Exactly one report goes to standard output, or none. */
static void choose_reports(struct options *o, struct arena *arena)
{
	size_t n = 0;

	for (size_t i = 0; i < o->n_reports; i++)
		n += o->reports[i].path == NULL;
	if (n > 1)
		die_usage("report: only one can go to standard output");
	if (n && o->quiet)
		die_usage("report: --quiet leaves nothing for standard output");
	if (n == 0 && !o->quiet)
		add_report(o, arena, "text");
}

static void take(struct options *o, struct arena *arena, int c)
{
	const char **text = text_of(o, c);
	bool *flag = flag_of(o, c);

	if (text)
		*text = optarg;
	else if (flag)
		*flag = true;
	else
		take_option(o, arena, c);
}

void options_parse(struct options *o, struct arena *arena, int argc, char **argv)
{
	int c;

	*o = (struct options){.min_runs = 1, .leak_kinds = LEAK_KINDS_LOST};
	while ((c = getopt_long(argc, argv, "b:s:e:qhV", long_options, NULL)) != -1)
		take(o, arena, c);
	if (o->baseline && o->write_baseline)
		die_usage("check: --baseline compares with the file that --write-baseline"
			  " writes");
	if (o->update_baseline && !o->baseline)
		die_usage("check: --update-baseline needs --baseline");
	choose_reports(o, arena);
	if (optind == argc)
		die_usage("expected the names of databases or traces");
	o->inputs = argv + optind;
	o->n_inputs = (size_t)(argc - optind);
}
