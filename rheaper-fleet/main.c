// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/options.h"
#include "push/engine.h"
#include "push/http.h"
#include "push/text.h"
#include "push/token.h"
#include "rheaper-fleet/sql.h"
#include "rheaper-fleet/table.h"

struct options {
	struct sql sql;
	int kind, per;
	const char *url, *database, *token_file, *ca_file;
};

static const char *const kinds[] = {"alloc", "inuse", "peak"};

static const char *kind_name(size_t i)
{
	return i < sizeof(kinds) / sizeof(*kinds) ? kinds[i] : NULL;
}

static const char *per_name(size_t i)
{
	static const char *const names[] = {"time", "gib"};

	return i < sizeof(names) / sizeof(*names) ? names[i] : NULL;
}

/* A text without what is not in `good`. */
static const char *take_time(const char **time, const char *text)
{
	size_t length = strlen(text);

	*time = text;
	return (length == 10 || length == 19) && strspn(text, "0123456789-: ") == length
		       ? NULL
		       : "expected a time such as 2026-01-31 or '2026-01-31 23:59:59', "
			 "UTC";
}

static const char *take_from(void *options, const char *text)
{
	return take_time(&((struct options *)options)->sql.from, text);
}

static const char *take_to(void *options, const char *text)
{
	return take_time(&((struct options *)options)->sql.to, text);
}

static const struct option_row rows[] = {
	{OPTION_TEXT, 's', "service", "NAME", OPTION_FIELD(sql.service),
	 .help = "of this service (required by diff and top)"},
	{OPTION_TEXT, 0, "before", "VERSION", OPTION_FIELD(sql.before),
	 .help = "compare this version (required by diff)"},
	{OPTION_TEXT, 0, "after", "VERSION", OPTION_FIELD(sql.after),
	 .help = "with this one (required by diff)"},
	{OPTION_CHOICE, 0, "kind", "KIND", OPTION_FIELD(kind), .choice = kind_name,
	 .help = "take what was allocated, in use or in use at the peak (default: "
		 "alloc)"},
	{OPTION_CHOICE, 0, "per", "UNIT", OPTION_FIELD(per), .choice = per_name,
	 .help = "compare bytes an hour or snapshot (time), or of each GiB that a host "
		 "has in all (gib) (default: time)"},
	{OPTION_CALL, 0, "from", "TIME", .take = take_from,
	 .help = "leave out what was before, for example 2026-01-31 (default: "
		 "nothing)"},
	{OPTION_CALL, 0, "to", "TIME", .take = take_to,
	 .help = "leave out what was after (default: nothing)"},
	{OPTION_REAL, 0, "level", "P", OPTION_FIELD(sql.level), .min = 1e-300, .max = 1,
	 .help = "say that a site has changed if chance shows such a one, of all sites, "
		 "with at most this probability (default: 0.05)"},
	{OPTION_NUMBER, 'n', "limit", "N", OPTION_FIELD(sql.limit), .min = 1, .max = 1e9,
	 .help = "print so many rows (default: 20)"},
	{.help = "To send it"},
	{OPTION_TEXT, 0, "run", "URL", OPTION_FIELD(url),
	 .help = "send it to this ClickHouse, and print the answer (default: print the "
		 "SQL)"},
	{OPTION_TEXT, 0, "database", "NAME", OPTION_FIELD(database),
	 .help = "to this database of it (default: that of the user)"},
	{OPTION_TEXT, 0, "token-file", "FILE", OPTION_FIELD(token_file),
	 .help = "with USER:PASSWORD in base64 in FILE, which only its owner can read"},
	{OPTION_TEXT, 0, "ca-file", "FILE", OPTION_FIELD(ca_file),
	 .help = "trust the certificates in FILE (default: those of the system)"},
};

static const struct option_program program = {
	.name = "rheaper-fleet",
	.usage = "[OPTION]... schema\n"
		 "[OPTION]... --service=NAME top\n"
		 "[OPTION]... --service=NAME --before=OLD --after=NEW diff\n"
		 "[OPTION]... site SITE",
	.about = "Ask the ClickHouse that rheaper-push sends to.",
	.notes = "schema creates the tables. top says which sites have most bytes, diff "
		 "which of "
		 "them changed from one version to another, site what stacks a site has.",
	.operands = "COMMAND",
	.min_operands = 1,
	.max_operands = 2,
	.status = {[EXIT_FINE] = "the SQL was printed, or answered",
		   [EXIT_CANNOT] = "usage, or ClickHouse did not answer"},
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(*rows),
};

static const struct command {
	const char *name;
	void (*write)(FILE *out, const struct sql *sql);
	bool of_service, of_versions, of_site;
} commands[] = {
	{.name = "schema", .write = sql_schema},
	{.name = "top", .write = sql_top, .of_service = true},
	{.name = "diff", .write = sql_diff, .of_service = true, .of_versions = true},
	{.name = "site", .write = sql_site, .of_site = true},
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	die_usage("%s: expected schema, top, diff or site", name);
}

static const struct command *read_options(struct options *o, int argc, char **argv)
{
	int first = options_parse(&program, o, argc, argv);
	const struct command *command = find_command(argv[first]);
	const char *site = argv[first + 1];

	o->sql.kind = kinds[o->kind];
	o->sql.site = site;
	o->sql.per_gib = o->per == 1;
	if (command->of_service && !o->sql.service)
		die_usage("missing option: --service=NAME");
	if (command->of_versions && (!o->sql.before || !o->sql.after))
		die_usage("missing option: --before=VERSION or --after=VERSION");
	if (command->of_site != (site != NULL))
		die_usage(site ? "%s takes no operand" : "%s: missing operand: SITE",
			  command->name);
	if (site && (!*site || site[strspn(site, "0123456789")]))
		die_usage("%s: expected a number, as diff and top print it", site);
	return command;
}

/* Send a statement, and print its answer. */
static void ask(struct http *http, const char *sql, size_t size)
{
	struct push_text text = push_text_begin();
	struct push_request request = {
		.path = (char *)"/?default_format=TabSeparatedWithNames"
				"&wait_end_of_query=1",
		.type = "text/plain",
		.body = (char *)sql,
		.size = size,
	};
	struct http_answer answer = http_ask(http, &request, text.out);
	char *said = push_text_end(&text);

	if (answer.result != HTTP_SENT)
		die("ask ClickHouse: %s", answer.why);
	table_print(said, stdout);
	free(said);
}

static void run(const struct options *o, const char *sql)
{
	char *token =
		o->token_file ? token_read(o->token_file, "Authorization: Basic ") : NULL;
	char *database = NULL;
	struct http *http;

	if (o->database && strpbrk(o->database, "\r\n"))
		die_usage("--database: a line break");
	if (o->database &&
	    asprintf(&database, "X-ClickHouse-Database: %s", o->database) < 0)
		die("ask ClickHouse: out of memory");
	http = http_new(&(struct http_settings){
		.url = o->url,
		.token_header = token,
		.tenant_header = database,
		.ca_file = o->ca_file,
		.timeout_s = 300,
	});
	for (const char *end; (end = strstr(sql, ";\n")); sql = end + 2)
		ask(http, sql, (size_t)(end - sql));
	http_free(http);
	free(token);
	free(database);
}

int main(int argc, char **argv)
{
	struct options o = {.sql = {.level = 0.05, .limit = 20}};
	const struct command *command = read_options(&o, argc, argv);
	struct push_text text = push_text_begin();
	char *sql;

	command->write(text.out, &o.sql);
	sql = push_text_end(&text);
	if (o.url)
		run(&o, sql);
	else
		fputs(sql, stdout);
	free(sql);
	options_fini(&program, &o);
	finish_output();
	return EXIT_FINE;
}
