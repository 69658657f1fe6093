// SPDX-License-Identifier: MIT
#include <stddef.h>

#include "common/cli.h"
#include "common/options.h"
#include "common/output.h"
#include "database/owners.h"
#include "database/profile.h"
#include "rheaper-export/formats.h"

static const struct format {
	const char *name;
	bool binary;
	enum {
		WEIGHED, /* stacks by --value */
		STACKS,
		EVENTS,      /* every block, by --max-events */
		ONE_PROCESS, /* stacks, of one process */
		ROWS,        /* of --view or --query */
	} kind;
	format_fn *write;
} formats[] = {
	{"collapsed", false, WEIGHED, collapsed_write},
	{"pprof", true, WEIGHED, pprof_write},
	{"speedscope", false, STACKS, speedscope_write},
	{"dhat", false, ONE_PROCESS, dhat_write},
	{"massif", false, ONE_PROCESS, massif_write},
	{"firefox", false, EVENTS, firefox_write},
	{"csv", false, ROWS, csv_write},
	{"json", false, ROWS, json_write},
};

#define N_FORMATS ((int)(sizeof(formats) / sizeof(*formats)))

static const char *format_name(size_t i)
{
	return i < N_FORMATS ? formats[i].name : NULL;
}

static const char *value_name(size_t i)
{
	static const char *const names[N_PROFILE_VALUES] = {
		[PROFILE_ALLOCATIONS] = "allocations",
		[PROFILE_BYTES] = "bytes",
		[PROFILE_LIVE_BLOCKS] = "live-blocks",
		[PROFILE_LIVE_BYTES] = "live-bytes",
		[PROFILE_PEAK_BYTES] = "peak-bytes",
	};

	return i < N_PROFILE_VALUES ? names[i] : NULL;
}

struct options {
	int format, value; /* an index; -1: not given */
	const char *output;
	const char *database;
	const char *run;
	size_t process, max_events; /* 0: not given */
	bool owners;
	const char **wrappers;
	size_t n_wrappers;
	struct format_options words;
};

static const struct option_row rows[] = {
	{OPTION_CHOICE, 'f', "format", "FORMAT", OPTION_FIELD(format),
	 .choice = format_name, .help = "write this format (required)"},
	{OPTION_TEXT, 'o', "output", "FILE", OPTION_FIELD(output),
	 .help = "write to FILE (default: standard output)"},
	{.help = "Which processes"},
	{OPTION_TEXT, 0, "run", "RUN", OPTION_FIELD(run),
	 .help = "take the run of this number or label, or all runs (default: the last "
		 "run; with --view, all)"},
	{OPTION_NUMBER, 0, "process", "N", OPTION_FIELD(process), .min = 1, .max = 1e15,
	 .help = "take this process only (default: all of the run; in dhat and massif, "
		 "the one with the highest peak)"},
	{.help = "Stacks (collapsed for flame graphs, pprof)"},
	{OPTION_CHOICE, 0, "value", "VALUE", OPTION_FIELD(value), .choice = value_name,
	 .help = "weight stacks by VALUE (default: bytes)"},
	{OPTION_SET, 0, "short-names", OPTION_FIELD(words.short_names),
	 .help = "write short names of functions; pprof has the whole ones, too"},
	{OPTION_SET, 0, "owners", OPTION_FIELD(owners),
	 .help = "in collapsed, end stacks at the first frame that is neither of a "
		 "library nor of a "
		 "wrapper around an allocator"},
	{OPTION_LIST, 0, "wrapper", "GLOB", OPTION_FIELD(wrappers),
	 .n_offset = offsetof(struct options, n_wrappers),
	 .help = "functions that only call an allocator, for --owners; may be repeated"},
	{.help = "Events (firefox)"},
	{OPTION_NUMBER, 0, "max-events", "N", OPTION_FIELD(max_events), .min = 4,
	 .max = 1e9,
	 .help = "write N allocations and frees at most: of more, a sample (default: "
		 "1000000)"},
	{.help = "Rows (csv, json)"},
	{OPTION_TEXT, 0, "view", "NAME", OPTION_FIELD(words.view),
	 .help = "write the rows of a table or view"},
	{OPTION_TEXT, 0, "query", "SQL", OPTION_FIELD(words.query),
	 .help = "write the rows of a SELECT"},
	{OPTION_SET, 0, "raw", OPTION_FIELD(words.raw),
	 .help = "in csv, do not protect spreadsheets from texts that look like "
		 "formulas"},
	{.help = "Other options"},
};

static const struct option_program program = {
	.name = "rheaper-export",
	.usage = "--format=FORMAT [OPTION]... DATABASE",
	.about = "Export a heap profile to another format.",
	.operands = "DATABASE",
	.min_operands = 1,
	.max_operands = 1,
	.status = {[EXIT_FINE] = "the export is complete", [EXIT_CANNOT] = "error"},
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(*rows),
};

static void check_options(const struct options *o, const struct format *f)
{
	bool is_rows = f->kind == ROWS;

	if (is_rows && !o->words.view == !o->words.query)
		die_usage("--format=%s: expected either --view=NAME or --query=SQL",
			  f->name);
	if (!is_rows && (o->words.view || o->words.query))
		die_usage("--format=%s: --view and --query are for csv and json only",
			  f->name);
	if (o->words.query && (o->run || o->process))
		die_usage("--query: --run and --process are not for queries, which say"
			  " themselves what they want");
	if (f->kind != WEIGHED && o->value >= 0)
		die_usage("--format=%s: --value is for collapsed and pprof only",
			  f->name);
	if (f->kind != EVENTS && o->max_events)
		die_usage("--format=%s: --max-events is for firefox only", f->name);
	if (f->kind != WEIGHED && o->words.short_names)
		die_usage("--format=%s: --short-names is for collapsed and pprof only",
			  f->name);
	if (o->owners && f->write != collapsed_write)
		die_usage("--format=%s: --owners is for collapsed only", f->name);
	if (o->n_wrappers && !o->owners)
		die_usage("--wrapper needs --owners");
	if (o->words.raw && f->write != csv_write)
		die_usage("--format=%s: --raw is for csv only", f->name);
	if (o->value == PROFILE_PEAK_BYTES && f->write == pprof_write)
		die_usage("--format=pprof: --value=peak-bytes is for collapsed only");
}

static void parse_options(struct options *o, int argc, char **argv)
{
	*o = (struct options){.format = -1, .value = -1};
	o->database = argv[options_parse(&program, o, argc, argv)];
	if (o->format < 0)
		die_usage("missing option: --format=FORMAT");
	check_options(o, &formats[o->format]);
	o->words.value = o->value < 0 ? PROFILE_BYTES : (enum profile_value)o->value;
	o->words.max_events = o->max_events ? (int64_t)o->max_events : 1000000;
}

/* Rows say what process they are of; stacks of several runs would be added up. */
static struct choice choose(const struct options *o, const struct format *format,
			    const struct database *database)
{
	bool all_rows = format->kind == ROWS && !o->run;
	size_t n_runs, n_processes;
	int64_t largest;
	struct choice choice = choice_make(database, all_rows ? "all" : o->run,
					   (int64_t)o->process, &n_runs);

	if (n_runs > 1)
		warn("%s has %zu runs: this is the last one, run %lld; --run=RUN takes"
		     " another, --run=all all together",
		     o->database, n_runs, (long long)choice.run);
	if (format->kind != ONE_PROCESS || choice.process)
		return choice;
	n_processes = choice_count(database, &choice, &largest);
	if (n_processes == 0)
		die("read %s: no process was loaded", o->database);
	if (n_processes > 1)
		warn("--format=%s is about one process: this is process %lld, whose peak "
		     "is"
		     " the highest of %zu; --process=N takes another",
		     format->name, (long long)largest, n_processes);
	choice.process = largest;
	return choice;
}

int main(int argc, char **argv)
{
	struct options options;
	const struct format *format;
	struct owner_table *owners = NULL;
	struct profile *profile;
	FILE *out;

	parse_options(&options, argc, argv);
	format = &formats[options.format];
	output_protect(&options.database, 1);
	profile = profile_open(options.database);
	options.words.choice = choose(&options, format, profile_database(profile));
	profile_choose(profile, options.words.choice);
	if (options.owners)
		owners = owner_table_new(profile_database(profile), options.wrappers,
					 options.n_wrappers);
	options.words.owners = owners;
	out = output_open(options.output, format->binary);
	format->write(profile, &options.words, out);
	output_finish();
	owner_table_free(owners);
	profile_close(profile);
	options_fini(&program, &options);
	return EXIT_FINE;
}
