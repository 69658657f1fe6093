// SPDX-License-Identifier: MIT
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/cli.h"
#include "loading/load.h"
#include "rheaper-load/summary.h"

static const char help[] =
	"Usage: rheaper-load [OPTION]... TRACE... DATABASE\n"
	"Load traces, written by programs built with rheaper-cc, into an SQLite "
	"database.\n"
	"\n"
	"  -f, --force         replace an existing database\n"
	"      --append        add a run to an existing database\n"
	"      --label NAME    what this run is called in the table runs\n"
	"      --no-symbols    do not look up functions and source lines\n"
	"      --sysroot DIR   the traced files are below DIR, as on another machine\n"
	"      --debug-dir DIR debug information is in DIR, too (may be repeated)\n"
	"      --debuginfod    ask the servers in DEBUGINFOD_URLS for debug information\n"
	"      --progress      show progress even if standard error is no terminal\n"
	"      --no-progress   never show progress\n"
	"      --json          print the summary as JSON\n"
	"  -q, --quiet         print no summary\n"
	"  -h, --help          print this\n"
	"  -V, --version       print the version\n"
	"\n"
	"A trace of a program that was killed is loaded as far as it goes. Exit status:\n"
	"0 if the database was written, 2 if not, or if standard output could not be.\n";

enum long_option {
	OPTION_APPEND = 256,
	OPTION_LABEL,
	OPTION_JSON,
	OPTION_NO_INDEX,
	OPTION_NO_SYMBOLS,
	OPTION_SYSROOT,
	OPTION_DEBUG_DIR,
	OPTION_DEBUGINFOD,
	OPTION_PROGRESS,
	OPTION_NO_PROGRESS,
};

static const struct option long_options[] = {
	{"force", no_argument, NULL, 'f'},
	{"append", no_argument, NULL, OPTION_APPEND},
	{"label", required_argument, NULL, OPTION_LABEL},
	{"json", no_argument, NULL, OPTION_JSON},
	{"no-index", no_argument, NULL, OPTION_NO_INDEX}, /* of old: does nothing */
	{"no-symbols", no_argument, NULL, OPTION_NO_SYMBOLS},
	{"sysroot", required_argument, NULL, OPTION_SYSROOT},
	{"debug-dir", required_argument, NULL, OPTION_DEBUG_DIR},
	{"debuginfod", no_argument, NULL, OPTION_DEBUGINFOD},
	{"progress", no_argument, NULL, OPTION_PROGRESS},
	{"no-progress", no_argument, NULL, OPTION_NO_PROGRESS},
	{"quiet", no_argument, NULL, 'q'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

struct options {
	struct load_options load;
	bool quiet, json;
};

static _Noreturn void print_and_exit(bool version)
{
	if (version)
		print_version("rheaper-load");
	else
		fputs(help, stdout);
	finish_output();
	exit(EXIT_FINE);
}

static void take_option(struct options *o, int c)
{
	struct symbol_settings *symbols = &o->load.symbols;

	switch (c) {
	case 'f':
		o->load.replace = true;
		break;
	case OPTION_APPEND:
		o->load.append = true;
		break;
	case OPTION_LABEL:
		o->load.label = optarg;
		break;
	case OPTION_JSON:
		o->json = true;
		break;
	case OPTION_NO_INDEX:
		break;
	case OPTION_NO_SYMBOLS:
		o->load.symbolize = false;
		break;
	case OPTION_SYSROOT:
		symbols->sysroot = optarg;
		break;
	case OPTION_DEBUG_DIR:
		symbols->debug_dirs[symbols->n_debug_dirs++] = optarg;
		break;
	case OPTION_DEBUGINFOD:
		symbols->debuginfod = true;
		break;
	case OPTION_PROGRESS:
		o->load.progress = true;
		break;
	case OPTION_NO_PROGRESS:
		o->load.progress = false;
		break;
	case 'q':
		o->quiet = true;
		break;
	case 'h':
	case 'V':
		print_and_exit(c == 'V');
	default:
		fprintf(stderr, "Try 'rheaper-load --help'.\n");
		exit(EXIT_CANNOT);
	}
}

static void parse_options(struct options *o, int argc, char **argv)
{
	struct symbol_settings *symbols = &o->load.symbols;
	int c;

	*o = (struct options){
		.load = {.symbolize = true, .progress = isatty(STDERR_FILENO)},
	};
	symbols->debug_dirs = calloc((size_t)argc, sizeof(*symbols->debug_dirs));
	if (!symbols->debug_dirs)
		die("start: out of memory");
	while ((c = getopt_long(argc, argv, "fqhV", long_options, NULL)) != -1)
		take_option(o, c);
	if (argc - optind < 2)
		die_usage("expected the names of traces and of a database");
	if (o->load.append && o->load.replace)
		die_usage("load: --append keeps the database that --force replaces");
	if (o->quiet && o->json)
		die_usage("load: --quiet prints nothing, --json a summary");
	o->load.traces = (const char *const *)argv + optind;
	o->load.n_traces = (size_t)(argc - optind - 1);
	o->load.database = argv[argc - 1];
}

int main(int argc, char **argv)
{
	struct options options;
	struct load_result result;

	parse_options(&options, argc, argv);
	symbol_settings_check(&options.load.symbols);
	result = load_traces(&options.load);
	if (options.json)
		summary_print_json(&result, options.load.database);
	else if (!options.quiet)
		summary_print(&result);
	load_result_fini(&result);
	free(options.load.symbols.debug_dirs);
	finish_output();
	return EXIT_FINE;
}
