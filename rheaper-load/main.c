// SPDX-License-Identifier: MIT
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/cli.h"
#include "rheaper-load/load.h"

static const char help[] =
	"Usage: rheaper-load [OPTION]... TRACE DATABASE\n"
	"Load a trace, written by a program built with rheaper-cc, into a new SQLite\n"
	"database.\n"
	"\n"
	"  -f, --force         replace an existing database\n"
	"      --no-index      write faster; totals by call stack are then slower\n"
	"      --no-symbols    do not look up functions and source lines\n"
	"      --sysroot DIR   the traced files are below DIR, as on another machine\n"
	"      --debug-dir DIR debug information is in DIR, too (may be repeated)\n"
	"      --debuginfod    ask the servers in DEBUGINFOD_URLS for debug information\n"
	"      --progress      show progress even if standard error is no terminal\n"
	"      --no-progress   never show progress\n"
	"  -q, --quiet         print no summary\n"
	"  -h, --help          print this\n"
	"  -V, --version       print the version\n"
	"\n"
	"A trace of a program that was killed is loaded as far as it goes. Exit status:\n"
	"0 if the database was written, 2 if not, or if standard output could not be.\n";

enum long_option {
	OPTION_NO_INDEX = 256,
	OPTION_NO_SYMBOLS,
	OPTION_SYSROOT,
	OPTION_DEBUG_DIR,
	OPTION_DEBUGINFOD,
	OPTION_PROGRESS,
	OPTION_NO_PROGRESS,
};

static const struct option long_options[] = {
	{"force", no_argument, NULL, 'f'},
	{"no-index", no_argument, NULL, OPTION_NO_INDEX},
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
	bool quiet;
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

static void parse_options(struct options *o, int argc, char **argv)
{
	struct symbol_settings *symbols = &o->load.symbols;
	int c;

	*o = (struct options){
		.load = {.index = true,
			 .symbolize = true,
			 .progress = isatty(STDERR_FILENO)},
	};
	symbols->debug_dirs = calloc((size_t)argc, sizeof(*symbols->debug_dirs));
	if (!symbols->debug_dirs)
		die("start: out of memory");
	while ((c = getopt_long(argc, argv, "fqhV", long_options, NULL)) != -1) {
		switch (c) {
		case 'f':
			o->load.replace = true;
			break;
		case OPTION_NO_INDEX:
			o->load.index = false;
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
	if (argc - optind < 2)
		die_usage("expected the name of a trace and of a database");
	if (argc - optind > 2)
		die_usage("load %s: only one trace at a time can be loaded",
			  argv[optind + 1]);
	o->load.trace = argv[optind];
	o->load.database = argv[optind + 1];
}

/* A block is live for good only where the program came to its own end. */
static const char *ending_text(enum rhp_trace_state ending)
{
	switch (ending) {
	case RHP_STATE_EXITED:
		return "at exit";
	case RHP_STATE_STOPPED:
		return "when tracing was stopped";
	case RHP_STATE_FAILED:
		return "when the trace could not be written any more";
	default:
		return "when the trace ended";
	}
}

static void print_summary(const struct load_result *r)
{
	double seconds = r->seconds > 0 ? r->seconds : 1e-9;

	printf("%" PRIu64 " events, %" PRIu64 " allocations, %" PRIu64
	       " live %s (%" PRIu64 " bytes), %" PRIu64 " lost; %" PRIu64
	       " rows in %.2f s (%.2f million/s)\n",
	       r->events, r->allocations, r->live_blocks, ending_text(r->ending),
	       r->live_bytes, r->lost, r->rows, r->seconds,
	       (double)r->rows / seconds / 1e6);
}

int main(int argc, char **argv)
{
	struct options options;
	struct load_result result;

	parse_options(&options, argc, argv);
	symbol_settings_check(&options.load.symbols);
	result = load_trace(&options.load);
	if (!options.quiet)
		print_summary(&result);
	finish_output();
	return EXIT_FINE;
}
