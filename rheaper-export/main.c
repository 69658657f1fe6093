// SPDX-License-Identifier: MIT
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/output.h"
#include "database/profile.h"
#include "rheaper-export/formats.h"

static const char help[] =
	"Usage: rheaper-export --format=FORMAT [OPTION]... DATABASE\n"
	"Write a profile, which rheaper-load made, in another format.\n"
	"\n"
	"  -f, --format=collapsed  a line for each stack, as flame graphs want it\n"
	"      --format=pprof      for pprof: profile.proto, gzipped\n"
	"      --format=csv        rows, with a line of names (RFC 4180)\n"
	"      --format=json       rows, as an array of objects\n"
	"  -o, --output=FILE       write to FILE, not to standard output\n"
	"      --value=VALUE       what stacks count: bytes (the default), allocations,\n"
	"                          live-bytes, live-blocks, peak-bytes\n"
	"      --view=NAME         csv, json: the rows of a table or view\n"
	"      --query=SQL         csv, json: the rows of a SELECT\n"
	"      --raw               csv: no apostrophe before what could be a formula\n"
	"  -h, --help              print this\n"
	"  -V, --version           print the version\n"
	"\n"
	"Exit status: 0 if all was written, 2 if not.\n";

enum long_option {
	OPTION_VALUE = 256,
	OPTION_VIEW,
	OPTION_QUERY,
	OPTION_RAW,
};

static const struct option long_options[] = {
	{"format", required_argument, NULL, 'f'},
	{"output", required_argument, NULL, 'o'},
	{"value", required_argument, NULL, OPTION_VALUE},
	{"view", required_argument, NULL, OPTION_VIEW},
	{"query", required_argument, NULL, OPTION_QUERY},
	{"raw", no_argument, NULL, OPTION_RAW},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

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

static const char *const values[N_PROFILE_VALUES] = {
	[PROFILE_ALLOCATIONS] = "allocations", [PROFILE_BYTES] = "bytes",
	[PROFILE_LIVE_BLOCKS] = "live-blocks", [PROFILE_LIVE_BYTES] = "live-bytes",
	[PROFILE_PEAK_BYTES] = "peak-bytes",
};

struct options {
	const struct format *format;
	const char *value; /* NULL: not given */
	const char *output;
	const char *database;
	struct format_options words;
};

static const struct format *find_format(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	}
	die_usage("export as %s: there is no such format", name);
}

static enum profile_value find_value(const char *name)
{
	for (int i = 0; i < N_PROFILE_VALUES; i++) {
		if (strcmp(values[i], name) == 0)
			return (enum profile_value)i;
	}
	die_usage("export %s: there is no such value", name);
}

static _Noreturn void print_and_exit(bool version)
{
	if (version)
		print_version("rheaper-export");
	else
		fputs(help, stdout);
	finish_output();
	exit(EXIT_FINE);
}

static void take_option(struct options *o, int c)
{
	switch (c) {
	case 'f':
		o->format = find_format(optarg);
		break;
	case 'o':
		o->output = optarg;
		break;
	case OPTION_VALUE:
		o->value = optarg;
		break;
	case OPTION_VIEW:
		o->words.view = optarg;
		break;
	case OPTION_QUERY:
		o->words.query = optarg;
		break;
	case OPTION_RAW:
		o->words.raw = true;
		break;
	case 'h':
	case 'V':
		print_and_exit(c == 'V');
	default:
		fprintf(stderr, "Try 'rheaper-export --help'.\n");
		exit(EXIT_CANNOT);
	}
}

static void check_options(const struct options *o)
{
	const struct format *f = o->format;

	if (!f)
		die_usage("expected --format");
	if (f->rows && !o->words.view == !o->words.query)
		die_usage("export as %s: expected one of --view and --query", f->name);
	if (!f->rows && (o->words.view || o->words.query))
		die_usage("export as %s: --view and --query are for csv and json",
			  f->name);
	if (f->rows && o->value)
		die_usage("export as %s: --value is for collapsed and pprof", f->name);
	if (o->words.raw && f->write != csv_write)
		die_usage("export as %s: --raw is for csv", f->name);
	if (o->words.value == PROFILE_PEAK_BYTES && f->write == pprof_write)
		die_usage("export as pprof: it has no name for peak-bytes");
}

static void parse_options(struct options *o, int argc, char **argv)
{
	int c;

	*o = (struct options){.words.value = PROFILE_BYTES};
	while ((c = getopt_long(argc, argv, "f:o:hV", long_options, NULL)) != -1)
		take_option(o, c);
	if (o->value)
		o->words.value = find_value(o->value);
	check_options(o);
	if (argc - optind != 1)
		die_usage("expected the name of one database");
	o->database = argv[optind];
}

int main(int argc, char **argv)
{
	struct options options;
	struct profile *profile;
	FILE *out;

	parse_options(&options, argc, argv);
	profile = profile_open(options.database);
	out = output_open(options.output, options.database, options.format->binary);
	options.format->write(profile, &options.words, out);
	output_finish();
	profile_close(profile);
	return EXIT_FINE;
}
