// SPDX-License-Identifier: MIT
/*
 * One command for the main job: run a program traced, load its traces, show the report.
 * Each step is one of the other programs; whatever is not said here is said by them.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/options.h"
#include "rheaper/run.h"
#include "rheaper/tools.h"
#include "rheaper/traces.h"

struct options {
	struct run_options run;
	const char *database, *html, *label;
	bool replace, append, keep_traces, quiet;
};

static const struct option_row rows[] = {
	{OPTION_TEXT, 'o', "output", "DATABASE", OPTION_FIELD(database),
	 .help = "keep the profile in DATABASE (default: in a temporary directory, which "
		 "is named at the end)"},
	{OPTION_SET, 'f', "force", OPTION_FIELD(replace),
	 .help = "replace an existing DATABASE"},
	{OPTION_SET, 'a', "append", OPTION_FIELD(append),
	 .help = "add a run to an existing DATABASE"},
	{OPTION_TEXT, 0, "label", "NAME", OPTION_FIELD(label),
	 .help = "store NAME with the run, to tell runs apart"},
	{OPTION_TEXT, 0, "html", "FILE", OPTION_FIELD(html),
	 .help = "write a page for a browser to FILE, too"},
	{OPTION_SET, 0, "keep-traces", OPTION_FIELD(keep_traces),
	 .help = "do not remove the traces when they are loaded"},
	{OPTION_CLEAR, 0, "no-leak-scan", OPTION_FIELD(run.scan),
	 .help = "do not search memory for leaks when the program exits"},
	{OPTION_CLEAR, 0, "no-children", OPTION_FIELD(run.children),
	 .help = "do not trace processes that the program forks"},
	{OPTION_SET, 'q', "quiet", OPTION_FIELD(quiet),
	 .help = "do not print the report"},
};

static const struct option_program program = {
	.name = "rheaper",
	.usage = "[run] [OPTION]... PROGRAM [ARGUMENT]...\nCOMMAND [ARGUMENT]...",
	.about = "Run a program, and show what it allocated.",
	.notes =
		"PROGRAM must have been linked by rheaper-cc: CC=rheaper-cc make. The "
		"report goes to standard error, so that it does not mix with the "
		"program's output. The exit status is the program's: 128 + N if signal N "
		"ended it, 127 if it was not found; 2 if its traces cannot be loaded. "
		"COMMAND is another program of rheaper without its prefix: report, diff, "
		"check, top, load, export, ctl or cc.",
	.operands = "PROGRAM",
	.min_operands = 1,
	.in_order = true,
	.status = {[EXIT_FINE] = "the program exited with 0, and its report was shown",
		   [EXIT_CANNOT] = "error, or what the program exited with"},
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(*rows),
};

/* A file that is to be made needs a directory that can be written; a device does not. */
static void check_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct stat status;
	char *directory;

	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
		return;
	directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!directory)
		die("run the program: out of memory");
	if (access(directory, W_OK | X_OK) != 0)
		die("write %s:", path);
	free(directory);
}

/* Before the program runs, which may take long. */
static void check_output(const struct options *o)
{
	if (o->replace && o->append)
		die_usage("--force and --append cannot be combined");
	if (!o->database && (o->replace || o->append))
		die_usage("--force and --append are for --output=DATABASE");
	if (o->database && !o->replace && !o->append && access(o->database, F_OK) == 0)
		die("write %s: it exists; choose --force or --append", o->database);
	if (o->database)
		check_directory(o->database);
	if (o->html)
		check_directory(o->html);
}

static _Noreturn void die_without_trace(const char *name, const char *directory)
{
	rmdir(directory);
	die("%s wrote no trace: it was not linked by rheaper-cc (build it with "
	    "CC=rheaper-cc CXX=rheaper-c++), or it dropped RHEAPER_TRACE from its "
	    "environment",
	    name);
}

#define MAX_LOAD_WORDS 10 /* beside the traces */

static int load(const struct options *o, const char *database, char **traces, size_t n)
{
	char **words = calloc(n + MAX_LOAD_WORDS, sizeof(*words));
	size_t used = 0;
	int status;

	if (!words)
		die("load the traces: out of memory");
	words[used++] = (char *)"rheaper-load";
	words[used++] = (char *)"--quiet";
	if (o->replace)
		words[used++] = (char *)"--force";
	if (o->append)
		words[used++] = (char *)"--append";
	if (o->label) {
		words[used++] = (char *)"--label";
		words[used++] = (char *)o->label;
	}
	words[used++] = (char *)"--";
	memcpy(words + used, traces, n * sizeof(*words));
	words[used + n] = (char *)database;
	status = tools_run(words, true);
	free(words);
	return status;
}

static int show(const struct options *o, const char *database)
{
	char *text[] = {(char *)"rheaper-report", (char *)"--no-pager", (char *)"--",
			(char *)database, NULL};
	char *page[] = {(char *)"rheaper-report", (char *)"--html",
			(char *)o->html,          (char *)"--",
			(char *)database,         NULL};
	int status = o->quiet ? EXIT_FINE : tools_run(text, true);

	if (status == EXIT_FINE && o->html)
		status = tools_run(page, true);
	return status;
}

static int load_and_show(const struct options *o, const char *directory, char **traces,
			 size_t n)
{
	char *database = NULL;
	int status, loaded;

	if (o->database)
		database = strdup(o->database);
	else if (asprintf(&database, "%s/profile.db", directory) < 0)
		database = NULL;
	if (!database)
		die("load the traces: out of memory");
	status = loaded = load(o, database, traces, n);
	if (loaded == EXIT_FINE) {
		status = show(o, database);
		fprintf(stderr, "\nprofile: %s\n", database);
		if (o->keep_traces)
			fprintf(stderr, "traces: %s\n", directory);
	} else {
		fprintf(stderr, "traces: %s\n", directory);
	}
	if (loaded == EXIT_FINE && !o->keep_traces)
		traces_remove(directory, traces, n);
	free(database);
	return status;
}

static int run(int argc, char **argv)
{
	struct options options = {.run = {.scan = true, .children = true}};
	int first = options_parse(&program, &options, argc, argv), status, loaded;
	char *directory, **traces;
	bool is_started;
	size_t n;

	options.run.symbols = options.keep_traces;
	check_output(&options);
	directory = traces_begin();
	status = run_program(argv + first, directory, &options.run, &is_started);
	if (!is_started) {
		rmdir(directory);
		return status;
	}
	traces = traces_list(directory, &n);
	if (n == 0)
		die_without_trace(argv[first], directory);
	loaded = load_and_show(&options, directory, traces, n);
	traces_free(traces, n);
	free(directory);
	return loaded != EXIT_FINE ? EXIT_CANNOT : status;
}

int main(int argc, char **argv)
{
	const char *tool = argc > 1 ? tools_find(argv[1]) : NULL;

	if (tool) {
		argv[1] = (char *)tool;
		tools_become(argv + 1);
	}
	if (argc > 1 && strcmp(argv[1], "run") == 0) {
		argv[1] = argv[0];
		return run(argc - 1, argv + 1);
	}
	return run(argc, argv);
}
