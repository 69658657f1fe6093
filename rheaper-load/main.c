// SPDX-License-Identifier: MIT
#include <stddef.h>
#include <unistd.h>

#include "analysis/later.h"
#include "common/cli.h"
#include "common/options.h"
#include "loading/load.h"
#include "symbols/symbol-options.h"
#include "rheaper-load/summary.h"

struct options {
	struct load_options load;
	bool quiet, json;
};

static const struct option_row rows[] = {
	{.help = "The database"},
	{OPTION_SET, 'f', "force", OPTION_FIELD(load.replace),
	 .help = "replace an existing DATABASE"},
	{OPTION_SET, 0, "append", OPTION_FIELD(load.append),
	 .help = "add a run to an existing DATABASE"},
	{OPTION_TEXT, 0, "label", "NAME", OPTION_FIELD(load.label),
	 .help = "store NAME with this run, to tell runs apart"},
	{.help = "Symbols"},
	{OPTION_CLEAR, 0, "no-symbols", OPTION_FIELD(load.symbolize),
	 .help = "do not look up functions and source lines"},
	SYMBOL_OPTIONS_DEBUGINFOD(load.symbols),
	{.help = "Names"},
	{OPTION_LIST, 0, "wrapper", "GLOB", OPTION_FIELD(load.owners.wrappers),
	 .n_offset = offsetof(struct options, load.owners.n_wrappers),
	 .help = "functions that only call an allocator; may be repeated. Most are "
		 "found"},
	{.help = "Output"},
	{OPTION_SET, 0, "progress", OPTION_FIELD(load.progress),
	 .help = "show progress even if standard error is not a terminal"},
	{OPTION_CLEAR, 0, "no-progress", OPTION_FIELD(load.progress),
	 .help = "never show progress"},
	{OPTION_SET, 0, "json", OPTION_FIELD(json), .help = "print the summary as JSON"},
	{OPTION_SET, 'q', "quiet", OPTION_FIELD(quiet),
	 .help = "do not print the summary"},
};

static const struct option_program program = {
	.name = "rheaper-load",
	.usage = "[OPTION]... TRACE... DATABASE",
	.about = "Load heap traces into an SQLite database.",
	.notes = "Programs built with rheaper-cc write traces. The trace of a killed "
		 "program is loaded up to its last event.",
	.operands = "TRACE... DATABASE",
	.min_operands = 2,
	.status = {[EXIT_FINE] = "the database is complete",
		   [EXIT_CANNOT] = "error; an existing database is unchanged"},
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(*rows),
};

static void parse_options(struct options *o, int argc, char **argv)
{
	int first;

	*o = (struct options){
		.load = {.symbolize = true, .progress = isatty(STDERR_FILENO)},
	};
	first = options_parse(&program, o, argc, argv);
	if (o->load.append && o->load.replace)
		die_usage("--append and --force cannot be combined");
	if (o->quiet && o->json)
		die_usage("--quiet and --json cannot be combined");
	o->load.traces = (const char *const *)argv + first;
	o->load.n_traces = (size_t)(argc - first - 1);
	o->load.database = argv[argc - 1];
}

int main(int argc, char **argv)
{
	struct options options;
	struct load_result result;

	parse_options(&options, argc, argv);
	symbol_settings_check(&options.load.symbols);
	result = load_traces(&options.load);
	later_warn_left_out(options.load.traces, options.load.n_traces);
	if (options.json)
		summary_print_json(&result, options.load.database);
	else if (!options.quiet)
		summary_print(&result);
	load_result_fini(&result);
	options_fini(&program, &options);
	finish_output();
	return EXIT_FINE;
}
