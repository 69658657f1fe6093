// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cli.h"
#include "rheaper-top/batch.h"
#include "rheaper-top/model.h"
#include "rheaper-top/process.h"
#include "rheaper-top/screen.h"
#include "symbols/symbol-files.h"
#include "trace/reader.h"

static const char help[] =
	"Usage: rheaper-top [OPTION]... TRACE|PID\n"
	"Show what a traced program allocates while it runs: its call sites or threads.\n"
	"\n"
	"  -d, --delay SECONDS look again after so long (1)\n"
	"  -s, --sort KEY      live-bytes (the default), live-blocks, bytes, "
	"allocations,\n"
	"                      rate, temporary\n"
	"  -t, --threads       show threads, not call sites\n"
	"  -b, --batch         print text, even to a terminal\n"
	"  -n, --views N       batch: end after N views\n"
	"  -r, --rows N        batch: print at most N rows (20), 0: all\n"
	"      --once          the same as --batch --views 1\n"
	"      --json          print everything once, as JSON\n"
	"      --no-symbols    do not look up functions and source lines\n"
	"      --sysroot DIR   the traced files are below DIR, as on another machine\n"
	"      --debug-dir DIR debug information is in DIR, too (may be repeated)\n"
	"  -h, --help          print this\n"
	"  -V, --version       print the version\n"
	"\n"
	"A number is a process, whose trace is looked for; a file of that name is "
	"./NUMBER.\n"
	"The program is neither stopped nor asked. Exit status: 0, or 2 if the trace\n"
	"cannot be read.\n";

enum long_option {
	OPTION_ONCE = 256,
	OPTION_JSON,
	OPTION_NO_SYMBOLS,
	OPTION_SYSROOT,
	OPTION_DEBUG_DIR,
};

static const struct option long_options[] = {
	{"delay", required_argument, NULL, 'd'},
	{"sort", required_argument, NULL, 's'},
	{"threads", no_argument, NULL, 't'},
	{"batch", no_argument, NULL, 'b'},
	{"views", required_argument, NULL, 'n'},
	{"rows", required_argument, NULL, 'r'},
	{"once", no_argument, NULL, OPTION_ONCE},
	{"json", no_argument, NULL, OPTION_JSON},
	{"no-symbols", no_argument, NULL, OPTION_NO_SYMBOLS},
	{"sysroot", required_argument, NULL, OPTION_SYSROOT},
	{"debug-dir", required_argument, NULL, OPTION_DEBUG_DIR},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

struct options {
	struct batch_options batch;
	struct symbol_settings symbols;
	bool text, json, symbolize;
	const char *trace;
};

static _Noreturn void print_and_exit(bool version)
{
	if (version)
		print_version("rheaper-top");
	else
		fputs(help, stdout);
	finish_output();
	exit(EXIT_FINE);
}

static size_t parse_count(const char *option, const char *text)
{
	char *end;
	unsigned long count;

	errno = 0;
	count = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end || errno)
		die_usage("use %s %s: expected a number", option, text);
	return count;
}

static int parse_delay(const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds >= 0.01) || seconds > 86400)
		die_usage("use --delay %s: expected seconds, 0.01 to 86400", text);
	return (int)lround(seconds * 1000);
}

static enum figure parse_key(const char *text)
{
	enum figure by = figure_find(text);

	if (by == N_FIGURES)
		die_usage("sort by %s: there is no such key", text);
	return by;
}

static void take_option(struct options *o, int c)
{
	switch (c) {
	case 'd':
		o->batch.delay_ms = parse_delay(optarg);
		break;
	case 's':
		o->batch.by = parse_key(optarg);
		break;
	case 't':
		o->batch.threads = true;
		break;
	case 'n':
		o->batch.n_views = parse_count("--views", optarg);
		break;
	case 'r':
		o->batch.n_rows = parse_count("--rows", optarg);
		break;
	case OPTION_ONCE:
		o->batch.n_views = 1;
		/* fallthrough */
	case 'b':
		o->text = true;
		break;
	case OPTION_JSON:
		o->json = true;
		break;
	case OPTION_NO_SYMBOLS:
		o->symbolize = false;
		break;
	case OPTION_SYSROOT:
		o->symbols.sysroot = optarg;
		break;
	case OPTION_DEBUG_DIR:
		o->symbols.debug_dirs[o->symbols.n_debug_dirs++] = optarg;
		break;
	case 'h':
	case 'V':
		print_and_exit(c == 'V');
	default:
		fprintf(stderr, "Try 'rheaper-top --help'.\n");
		exit(EXIT_CANNOT);
	}
}

static void parse_options(struct options *o, int argc, char **argv)
{
	int c;

	*o = (struct options){
		.batch = {.n_rows = 20, .delay_ms = 1000, .by = FIGURE_LIVE_BYTES},
		.symbolize = true,
	};
	o->symbols.debug_dirs = calloc((size_t)argc, sizeof(*o->symbols.debug_dirs));
	if (!o->symbols.debug_dirs)
		die("start: out of memory");
	while ((c = getopt_long(argc, argv, "d:s:tbn:r:hV", long_options, NULL)) != -1)
		take_option(o, c);
	if (argc - optind != 1)
		die_usage("expected the name of one trace, or the number of a process");
	if (o->batch.threads && columns[o->batch.by].sites_only)
		die_usage("sort by %s: threads have none", columns[o->batch.by].name);
	o->trace = argv[optind];
}

/* The number of a process, 0 if the argument is none. */
static pid_t parse_pid(const char *text)
{
	long pid = 0;

	if (text[0] && text[strspn(text, "0123456789")] == 0) {
		errno = 0;
		pid = strtol(text, NULL, 10);
		if (errno || pid <= 0 || pid > INT32_MAX)
			die("follow process %s: there is no such process", text);
	}
	return (pid_t)pid;
}

static int run(struct model *model, const struct options *o)
{
	if (o->json)
		return batch_json(model, o->batch.by);
	if (o->text || !screen_is_possible())
		return batch_run(model, &o->batch);
	return screen_run(model, &(struct screen_options){.delay_ms = o->batch.delay_ms,
							  .by = o->batch.by,
							  .threads = o->batch.threads});
}

int main(int argc, char **argv)
{
	struct options options;
	struct model model;
	char *found = NULL;
	const char *path;
	pid_t pid;
	int error;

	parse_options(&options, argc, argv);
	symbol_settings_check(&options.symbols);
	pid = parse_pid(options.trace);
	if (pid)
		found = process_find_trace(pid);
	path = found ? found : options.trace;
	error = model_open(&model, path, pid,
			   options.symbolize ? &options.symbols : NULL);
	if (!error) {
		error = run(&model, &options);
		model_close(&model);
	}
	if (error)
		die("read %s: %s", path, reader_explain(error));
	free(found);
	free(options.symbols.debug_dirs);
	finish_output();
	return EXIT_FINE;
}
