// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/options.h"
#include "push/engine.h"
#include "symbols/symbol-options.h"

#include "rheaper-push/options.h"

#define SECOND INT64_C(1000000000)

/* "300s", "5m", "1h", "2d", "250ms" as nanoseconds; -1 if it is none. */
static int64_t parse_duration(const char *text)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {{"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}};
	char *end;
	double number = strtod(text, &end);

	if (end == text || !(number >= 0))
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strcmp(units[i].name, end) == 0 && number * units[i].ns < 9e18)
			return (int64_t)(number * units[i].ns);
	return -1;
}

static const char *take_duration(int64_t *ns, int64_t least, const char *text)
{
	*ns = parse_duration(text);
	return *ns < least ? "expected a time such as 300s, 5m or 1h" : NULL;
}

static const char *take_window(void *options, const char *text)
{
	return take_duration(&((struct options *)options)->window_ns, SECOND, text);
}

static const char *take_max_age(void *options, const char *text)
{
	return take_duration(&((struct options *)options)->max_age_ns, 0, text);
}

static const char *take_backoff(void *options, const char *text)
{
	return take_duration(&((struct options *)options)->backoff_ns, 0, text);
}

static const char *take_timeout(void *options, const char *text)
{
	return take_duration(&((struct options *)options)->timeout_ns, SECOND, text);
}

static const char *take_interval(void *options, const char *text)
{
	return take_duration(&((struct options *)options)->interval_ns, SECOND / 1000,
			     text);
}

static const struct option_row rows[] = {
	{OPTION_CHOICE, 0, "to", "ENGINE", OPTION_FIELD(engine),
	 .choice = push_engine_name, .help = "send to this kind of engine (required)"},
	{.help = "What is sent"},
	{OPTION_LIST, 'l', "label", "NAME=VALUE", OPTION_FIELD(label_texts),
	 .n_offset = offsetof(struct options, n_label_texts),
	 .help = "add a label, for example version=1.2; may be repeated"},
	{OPTION_LIST, 0, "allow-label", "NAME", OPTION_FIELD(allowed),
	 .n_offset = offsetof(struct options, n_allowed),
	 .help = "take labels of this name, too; may be repeated"},
	{OPTION_CALL, 'w', "window", "TIME", .take = take_window,
	 .help = "cut the time into windows of this length (default: 300s)"},
	{OPTION_TEXT, 0, "run", "RUN", OPTION_FIELD(run),
	 .help = "send the run of this number or label, or all runs (default: the last "
		 "run)"},
	{OPTION_NUMBER, 0, "process", "N", OPTION_FIELD(process), .min = 1, .max = 1e15,
	 .help = "send this process only (default: all of the run)"},
	{OPTION_CALL, 0, "max-age", "TIME", .take = take_max_age,
	 .help = "refuse windows that ended longer ago; 0s: none (default: as the engine "
		 "has it unless it is told otherwise)"},
	{OPTION_TEXT, 0, "follow", "DIR", OPTION_FIELD(follow),
	 .help = "follow the traces in DIR while they are written, until SIGTERM or "
		 "SIGINT"},
	{OPTION_CALL, 0, "interval", "TIME", .take = take_interval,
	 .help = "with --follow, look for what is new so often (default: 1s)"},
	{OPTION_SET, 0, "redact", OPTION_FIELD(redact),
	 .help = "send no name of the host, and files without their directories"},
	{.help = "Symbols, of traces"},
	SYMBOL_OPTIONS_DEBUGINFOD(symbols),
	{.help = "How it is sent"},
	{OPTION_TEXT, 0, "tenant", "NAME", OPTION_FIELD(tenant),
	 .help = "for this tenant of the engine"},
	{OPTION_TEXT, 0, "token-file", "FILE", OPTION_FIELD(token_file),
	 .help = "with the token in FILE, which only its owner can read"},
	{OPTION_TEXT, 0, "ca-file", "FILE", OPTION_FIELD(ca_file),
	 .help = "trust the certificates in FILE (default: those of the system)"},
	{OPTION_CALL, 0, "timeout", "TIME", .take = take_timeout,
	 .help = "wait so long for an answer (default: 30s)"},
	{OPTION_NUMBER, 0, "retries", "N", OPTION_FIELD(retries), .max = 100,
	 .help = "try a request again N times, if the engine is busy or not there "
		 "(default: 5)"},
	{OPTION_CALL, 0, "backoff", "TIME", .take = take_backoff,
	 .help = "wait so long before the first of these, twice as long before the next "
		 "one (default: 1s)"},
	{OPTION_SET, 0, "dry-run", OPTION_FIELD(dry_run),
	 .help = "print the requests, and send nothing"},
	{.help = "What waits"},
	{OPTION_TEXT, 0, "spool", "DIR", OPTION_FIELD(spool),
	 .help = "keep requests that wait, and what was sent, in DIR (default: "
		 "rheaper-push below XDG_STATE_HOME or ~/.local/state)"},
	{OPTION_SIZE, 0, "spool-size", "BYTES", OPTION_FIELD(spool_bytes), .min = 1,
	 .help = "keep at most so much (K, M, G; default: 64M)"},
	{OPTION_SET, 0, "resend", OPTION_FIELD(resend),
	 .help = "send again what the engine may have got"},
	{.help = "Other options"},
	{OPTION_SET, 'q', "quiet", OPTION_FIELD(quiet), .help = "print no summary"},
};

static const struct option_program program = {
	.name = "rheaper-push",
	.usage = "--to=ENGINE [OPTION]... URL [DATABASE|TRACE...]\n"
		 "--to=ENGINE --follow=DIR [OPTION]... URL",
	.about = "Send heap profiles to an engine that keeps those of a fleet.",
	.operands = "URL",
	.min_operands = 1,
	.status = {[EXIT_FINE] = "everything was sent",
		   [EXIT_FINDING] = "something waits, or is in doubt",
		   [EXIT_CANNOT] = "usage, bad input or I/O",
		   [3] = "something was refused, by the engine or before"},
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(*rows),
};

static void read_labels(struct options *o)
{
	o->labels.allowed = o->allowed;
	o->labels.n_allowed = o->n_allowed;
	for (size_t i = 0; i < o->n_label_texts; i++) {
		const char *wrong = push_labels_add_text(&o->labels, o->label_texts[i]);

		if (wrong)
			die_usage("--label=%s: %s", o->label_texts[i], wrong);
	}
}

void options_read(struct options *o, int argc, char **argv)
{
	int first;

	*o = (struct options){.engine = -1,
			      .window_ns = 300 * SECOND,
			      .backoff_ns = SECOND,
			      .timeout_ns = 30 * SECOND,
			      .max_age_ns = -1,
			      .interval_ns = SECOND,
			      .spool_bytes = 64 << 20,
			      .retries = 5};
	first = options_parse(&program, o, argc, argv);
	o->url = argv[first];
	o->inputs = argv + first + 1;
	o->n_inputs = (size_t)(argc - first - 1);
	if (o->engine < 0)
		die_usage("missing option: --to=ENGINE");
	if (o->tenant && !push_engine((size_t)o->engine)->tenant_header)
		die_usage("--tenant: %s has no tenants",
			  push_engine_name((size_t)o->engine));
	if (o->tenant && strpbrk(o->tenant, "\r\n"))
		die_usage("--tenant: a line break");
	if (o->follow && (o->n_inputs || o->run || o->process || o->dry_run))
		die_usage("--follow: DATABASE, TRACE, --run, --process and --dry-run are "
			  "not for traces that are followed");
	read_labels(o);
}

void options_free(struct options *o)
{
	push_labels_fini(&o->labels);
	options_fini(&program, o);
}
