// SPDX-License-Identifier: MIT
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/later.h"
#include "common/cli.h"
#include "common/options.h"
#include "rheaper-top/batch.h"
#include "rheaper-top/model.h"
#include "following/process.h"
#include "rheaper-top/screen.h"
#include "following/stacks.h"
#include "symbols/symbol-files.h"
#include "symbols/symbol-options.h"
#include "trace/reader.h"

struct options {
	struct batch_options batch;
	struct symbol_settings symbols;
	const char **wrappers;
	size_t n_wrappers;
	double delay; /* seconds */
	bool text, json, symbolize, full_names;
	const char *trace;
};

static const char *figure_name(size_t i)
{
	return i < N_FIGURES ? columns[i].name : NULL;
}

static const char *take_once(void *options, const char *none)
{
	struct options *o = options;

	(void)none;
	o->text = true;
	o->batch.n_views = 1;
	return NULL;
}

static const struct option_row rows[] = {
	{.help = "View"},
	{OPTION_REAL, 'd', "delay", "SECONDS", OPTION_FIELD(delay), .min = 0.01,
	 .max = 86400, .help = "read the trace again after SECONDS (default: 1)"},
	{OPTION_CHOICE, 's', "sort", "KEY", OPTION_FIELD(batch.by), .choice = figure_name,
	 .help = "sort by this figure (default: live-bytes)"},
	{OPTION_SET, 't', "threads", OPTION_FIELD(batch.threads),
	 .help = "show threads instead of call sites"},
	{OPTION_SET, 0, "full-names", OPTION_FIELD(full_names),
	 .help = "show whole names of functions"},
	{OPTION_LIST, 0, "wrapper", "GLOB", OPTION_FIELD(wrappers),
	 .n_offset = offsetof(struct options, n_wrappers),
	 .help = "functions that only call an allocator; may be repeated. Most are "
		 "found"},
	{.help = "Text output"},
	{OPTION_SET, 'b', "batch", OPTION_FIELD(text),
	 .help = "print text, even to a terminal"},
	{OPTION_NUMBER, 'n', "views", "N", OPTION_FIELD(batch.n_views),
	 .help = "exit after N views (default: when the program has ended)"},
	{OPTION_NUMBER, 'r', "rows", "N", OPTION_FIELD(batch.n_rows),
	 .help = "print at most N rows, or all for 0 (default: 20)"},
	{OPTION_CALL, 0, "once", .take = take_once, .help = "same as --batch --views=1"},
	{OPTION_SET, 0, "json", OPTION_FIELD(json),
	 .help = "print one view with all call sites and threads as JSON"},
	{.help = "Symbols"},
	{OPTION_CLEAR, 0, "no-symbols", OPTION_FIELD(symbolize),
	 .help = "do not look up functions and source lines"},
	SYMBOL_OPTIONS(symbols),
	{.help = "Other options"},
};

static const struct option_program program = {
	.name = "rheaper-top",
	.usage = "[OPTION]... TRACE|PID",
	.about = "Show what a traced program allocates while it runs.",
	.notes = "A number is taken for a process, whose trace rheaper-top then finds; "
		 "write ./NUMBER for a file of that name. rheaper-top reads only the "
		 "trace: it neither stops nor slows down the program.",
	.operands = "one TRACE or PID",
	.min_operands = 1,
	.max_operands = 1,
	.status = {[EXIT_FINE] = "the trace was shown",
		   [EXIT_CANNOT] = "error; the trace cannot be read"},
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(*rows),
};

static void parse_options(struct options *o, int argc, char **argv)
{
	*o = (struct options){
		.batch = {.n_rows = 20, .by = FIGURE_LIVE_BYTES},
		.delay = 1,
		.symbolize = true,
	};
	o->trace = argv[options_parse(&program, o, argc, argv)];
	o->batch.delay_ms = (int)lround(o->delay * 1000);
	if (o->batch.threads && columns[o->batch.by].sites_only)
		die_usage("--sort=%s and --threads cannot be combined",
			  columns[o->batch.by].name);
}

/* The number of a process, 0 if the argument is none. */
static pid_t parse_pid(const char *text)
{
	long pid = 0;

	if (text[0] && text[strspn(text, "0123456789")] == 0) {
		errno = 0;
		pid = strtol(text, NULL, 10);
		if (errno || pid <= 0 || pid > INT32_MAX)
			die("follow process %s: no such process", text);
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
	struct stack_settings settings;
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
	if (!found)
		later_warn(&path, 1);
	settings = (struct stack_settings){
		.symbols = options.symbolize ? &options.symbols : NULL,
		.wrappers = options.wrappers,
		.n_wrappers = options.n_wrappers,
	};
	error = model_open(&model, path, pid, &settings,
			   options.full_names || options.json);
	if (!error) {
		error = run(&model, &options);
		model_close(&model);
	}
	if (error)
		die("read %s: %s", path, reader_explain(error));
	free(found);
	options_fini(&program, &options);
	finish_output();
	return EXIT_FINE;
}
