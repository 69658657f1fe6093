// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/options.h"
#include "common/path.h"
#include "symbols/symbol-options.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/measure.h"
#include "rheaper-check/paths.h"

#include "rheaper-check/options.h"

static const struct format formats[] = {
	{"text", text_write},   {"json", json_write},     {"junit", junit_write},
	{"sarif", sarif_write}, {"github", github_write}, {"markdown", markdown_write},
};

#define N_FORMATS (sizeof(formats) / sizeof(*formats))

static const char *format_name(size_t i)
{
	return i < N_FORMATS ? formats[i].name : NULL;
}

/* "FORMAT" or "FORMAT=FILE" */
static const char *take_report(void *options, const char *words)
{
	struct options *o = options;
	size_t length = strcspn(words, "=");
	struct report report = {.path = words[length] ? words + length + 1 : NULL};

	for (size_t i = 0; i < N_FORMATS; i++) {
		if (strlen(formats[i].name) == length &&
		    strncmp(formats[i].name, words, length) == 0)
			report.format = &formats[i];
	}
	if (!report.format)
		return "expected FORMAT or FORMAT=FILE, with a format that --help lists";
	if (report.path && !report.path[0])
		return "the name of the file is empty";
	o->reports = arena_grow(o->arena, o->reports, o->n_reports, sizeof(report));
	o->reports[o->n_reports++] = report;
	return NULL;
}

static const char *take_json(void *options, const char *none)
{
	(void)none;
	return take_report(options, "json");
}

static const char *take_growth(void *options, const char *words)
{
	return limits_take_growth(&((struct options *)options)->limits, words);
}

static const char *take_limit(void *options, const char *words)
{
	return limits_take_most(&((struct options *)options)->limits, words);
}

static const char *take_map(void *options, const char *words)
{
	struct options *o = options;

	return paths_add_map(&o->paths, o->arena, words);
}

static const char *take_runs(void *options, const char *word)
{
	struct options *o = options;
	int64_t n = 0;

	if (strcmp(word, "all") == 0)
		o->min_runs = SIZE_MAX;
	else if (options_parse_size(word, &n) && n > 0)
		o->min_runs = (size_t)n;
	else
		return "expected a number of runs, 1 or more, or all";
	return NULL;
}

static const char *take_kinds(void *options, const char *words)
{
	struct options *o = options;

	return leak_kinds_parse(words, &o->leak_kinds)
		       ? NULL
		       : "expected definite, indirect, possible or reachable, separated "
			 "by commas, or all or none";
}

static const struct option_row rows[] = {
	{.help = "Comparing with a baseline"},
	{OPTION_TEXT, 'b', "baseline", "FILE", OPTION_FIELD(baseline),
	 .help = "report only what is worse than in FILE"},
	{OPTION_TEXT, 0, "write-baseline", "FILE", OPTION_FIELD(write_baseline),
	 .help = "accept the current leaks: write them to FILE"},
	{OPTION_SET, 0, "update-baseline", OPTION_FIELD(update_baseline),
	 .help = "lower the numbers in the baseline where they improved"},
	{OPTION_SET, 0, "require-programs", OPTION_FIELD(require_programs),
	 .help = "be inconclusive if a program of the baseline did not run, or ran in "
		 "fewer processes"},
	{OPTION_CALL, 0, "max-growth", "NAME=N", .take = take_growth,
	 .help = "allow NAME to grow by N, or by N% of the baseline: leak-blocks, "
		 "leak-bytes, site-allocations, site-bytes of each call site; "
		 "allocations, bytes, peak of a program"},
	{.help = "What is a finding"},
	{OPTION_CALL, 0, "limit", "NAME=N", .take = take_limit,
	 .help = "report a program whose NAME exceeds N: allocations, bytes, peak, "
		 "leak-blocks, leak-bytes"},
	{OPTION_LIST, 's', "suppressions", "FILE", OPTION_FIELD(suppressions),
	 .n_offset = offsetof(struct options, n_suppressions),
	 .help = "ignore the leaks that FILE lists; may be repeated"},
	{OPTION_SET, 0, "no-default-suppressions", OPTION_FIELD(no_default_suppressions),
	 .help = "also report what libc keeps on purpose"},
	{OPTION_LIST, 'e', "expect", "FILE", OPTION_FIELD(expectations),
	 .n_offset = offsetof(struct options, n_expectations),
	 .help = "check the rules for scopes, phases and call sites in FILE; may be "
		 "repeated"},
	{OPTION_CALL, 0, "leak-kinds", "KINDS", .take = take_kinds,
	 .help = "count blocks of these kinds as leaks, if the program scanned its "
		 "memory (RHEAPER_LEAK_SCAN=1): definite, indirect, possible, "
		 "reachable, separated by commas, or all or none (default: "
		 "definite,indirect)"},
	{OPTION_CALL, 0, "min-runs", "N", .take = take_runs,
	 .help = "of several runs, judge what at least N of them reach, or all "
		 "(default: 1, the worst run counts)"},
	{OPTION_SET, 0, "allow-partial", OPTION_FIELD(allow_partial),
	 .help = "accept incomplete traces"},
	{OPTION_SET, 0, "ignore-children", OPTION_FIELD(ignore_children),
	 .help = "accept that forked children were not recorded"},
	{.help = "Symbols of traces (as for rheaper-load)"},
	SYMBOL_OPTIONS_DEBUGINFOD(symbols),
	{.help = "Output"},
	{OPTION_CALL, 0, "report", "FORMAT[=FILE]", .take = take_report,
	 .choice = format_name,
	 .help = "write a report to FILE (default: standard output); may be repeated. "
		 "FORMAT"},
	{OPTION_CALL, 0, "json", .take = take_json, .help = "same as --report=json"},
	{OPTION_TEXT, 0, "source-root", "DIR", OPTION_FIELD(source_root),
	 .help = "print paths below DIR as relative ones (default: the current "
		 "directory)"},
	{OPTION_CALL, 0, "path-map", "FROM=TO", .take = take_map,
	 .help = "name source files below the directory FROM as below TO; may be "
		 "repeated"},
	{OPTION_SET, 0, "full-names", OPTION_FIELD(full_names),
	 .help = "print whole stacks with whole names"},
	{OPTION_LIST, 0, "wrapper", "GLOB", OPTION_FIELD(wrappers),
	 .n_offset = offsetof(struct options, n_wrappers),
	 .help = "functions that only call an allocator, to be skipped; may be repeated. "
		 "Most are found"},
	{OPTION_SET, 'q', "quiet", OPTION_FIELD(quiet),
	 .help = "print no report on standard output"},
};

static const struct option_program program = {
	.name = "rheaper-check",
	.usage = "[OPTION]... DATABASE|TRACE...",
	.about = "Check for leaks and memory regressions.",
	.operands = "DATABASE|TRACE...",
	.min_operands = 1,
	.status = {[EXIT_FINE] = "no findings",
		   [EXIT_FINDING] = "findings",
		   [EXIT_CANNOT] = "error or inconclusive"},
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(*rows),
};

/* Exactly one report goes to standard output, or none. */
static void choose_reports(struct options *o)
{
	size_t n = 0;

	for (size_t i = 0; i < o->n_reports; i++)
		n += o->reports[i].path == NULL;
	if (n > 1)
		die_usage("--report: only one report can go to standard output; name a "
			  "file for the others");
	if (n && o->quiet)
		die_usage("--quiet and a report on standard output cannot be combined; "
			  "name a file for the report");
	if (n == 0 && !o->quiet)
		take_report(o, "text");
}

/* What a link names; NULL: this is none. */
static const char *find_target(struct arena *arena, const char *path)
{
	char target[4096]; /* as long as a path may be */
	ssize_t length = readlink(path, target, sizeof(target));

	if (length <= 0 || (size_t)length == sizeof(target))
		return NULL;
	if (target[0] == '/')
		return arena_format(arena, "%.*s", (int)length, target);
	return arena_format(arena, "%.*s%.*s", (int)(path_base(path) - path), path,
			    (int)length, target);
}

/* Where a file will be made: its name in the directory, however that is called. A link
 * that leads to nothing is followed once. */
static const char *find_place(struct arena *arena, const char *path)
{
	const char *target = find_target(arena, path), *name, *place;
	char *directory;

	path = target ? target : path;
	name = path_base(path);
	directory =
		realpath(arena_format(arena, "%.*s.", (int)(name - path), path), NULL);
	place = directory ? arena_format(arena, "%s/%s", directory, name)
			  : paths_clean(arena, path);
	free(directory);
	return place;
}

/* Devices may be named as often as one likes; of files not there the names tell. */
static bool is_one_file(struct arena *arena, const char *a, const char *b)
{
	struct stat one, other;
	bool is_there = stat(a, &one) == 0;

	if (is_there != (stat(b, &other) == 0))
		return false;
	if (is_there)
		return S_ISREG(one.st_mode) && one.st_dev == other.st_dev &&
		       one.st_ino == other.st_ino;
	return strcmp(find_place(arena, a), find_place(arena, b)) == 0;
}

static void check_written(const struct options *o, const char *path,
			  const char *const *read, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (read[i] && is_one_file(o->arena, path, read[i]))
			die("write %s: the program reads this file; name another one",
			    path);
	}
}

/* A report in the place of a baseline or of another report would be all that is left. */
static void check_outputs(const struct options *o)
{
	for (size_t i = 0; i <= o->n_reports; i++) {
		const char *path =
			i < o->n_reports ? o->reports[i].path : o->write_baseline;

		if (!path)
			continue;
		check_written(o, path, &o->baseline, 1);
		check_written(o, path, o->suppressions, o->n_suppressions);
		check_written(o, path, o->expectations, o->n_expectations);
		for (size_t k = 0; k < i; k++) {
			if (o->reports[k].path &&
			    is_one_file(o->arena, path, o->reports[k].path))
				die("write %s: two outputs have this name; name another "
				    "file for one of them",
				    path);
		}
	}
}

void check_options_parse(struct options *o, struct arena *arena, int argc, char **argv)
{
	int first;

	*o = (struct options){
		.arena = arena, .min_runs = 1, .leak_kinds = LEAK_KINDS_LOST};
	first = options_parse(&program, o, argc, argv);
	if (o->baseline && o->write_baseline)
		die_usage("--baseline and --write-baseline cannot be combined");
	if (o->update_baseline && !o->baseline)
		die_usage("--update-baseline needs --baseline=FILE");
	if (o->require_programs && !o->baseline)
		die_usage("--require-programs needs --baseline=FILE");
	if (limits_need_baseline(&o->limits) && !o->baseline && !o->write_baseline)
		die_usage("--max-growth needs --baseline=FILE or --write-baseline=FILE");
	choose_reports(o);
	check_outputs(o);
	o->inputs = argv + first;
	o->n_inputs = (size_t)(argc - first);
}

void check_options_fini(struct options *o)
{
	options_fini(&program, o);
}
