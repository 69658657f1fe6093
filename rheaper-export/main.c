// SPDX-License-Identifier: MIT
#include <stddef.h>

#include "common/cli.h"
#include "common/options.h"
#include "common/output.h"
#include "database/profile.h"
#include "rheaper-export/formats.h"

static const struct format {
	const char *name;
	bool binary;
	bool rows; /* of --view or --query; stacks if not */
	format_fn *write;
} formats[] = {
	{"collapsed", false, false, collapsed_write},
	{"pprof", true, false, pprof_write},
	{"csv", false, true, csv_write},
	{"json", false, true, json_write},
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
	struct format_options words;
};

static const struct option_row rows[] = {
	{OPTION_CHOICE, 'f', "format", "FORMAT", OPTION_FIELD(format),
	 .choice = format_name, .help = "write this format (required)"},
	{OPTION_TEXT, 'o', "output", "FILE", OPTION_FIELD(output),
	 .help = "write to FILE (default: standard output)"},
	{.help = "Stacks (collapsed for flame graphs, pprof)"},
	{OPTION_CHOICE, 0, "value", "VALUE", OPTION_FIELD(value), .choice = value_name,
	 .help = "weight stacks by VALUE (default: bytes)"},
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
	if (f->rows && !o->words.view == !o->words.query)
		die_usage("--format=%s: expected either --view=NAME or --query=SQL",
			  f->name);
	if (!f->rows && (o->words.view || o->words.query))
		die_usage("--format=%s: --view and --query are for csv and json only",
			  f->name);
	if (f->rows && o->value >= 0)
		die_usage("--format=%s: --value is for collapsed and pprof only",
			  f->name);
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
}

int main(int argc, char **argv)
{
	struct options options;
	const struct format *format;
	struct profile *profile;
	FILE *out;

	parse_options(&options, argc, argv);
	format = &formats[options.format];
	profile = profile_open(options.database);
	out = output_open(options.output, options.database, format->binary);
	format->write(profile, &options.words, out);
	output_finish();
	profile_close(profile);
	return EXIT_FINE;
}
