// SPDX-License-Identifier: MIT
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/command.h"
#include "common/json.h"
#include "common/map.h"
#include "common/output.h"
#include "common/path.h"
#include "database/db.h"
#include "loading/temporary.h"
#include "report/holders.h"
#include "report/numbers.h"
#include "report/pages-view.h"
#include "report/read.h"
#include "report/report-json.h"
#include "report/svg.h"
#include "rheaper-report/options.h"

/* The one database, or a temporary one made of traces. */
static struct database open_input(const struct options *o)
{
	const char *const *inputs = (const char *const *)o->inputs;
	const char *path = inputs[0];
	struct database database;

	if (temporary_is_database(path)) {
		if (o->n_inputs > 1)
			die_usage("expected one DATABASE, or traces only");
		return db_open(path, path);
	}
	for (size_t i = 1; i < o->n_inputs; i++) {
		if (temporary_is_database(inputs[i]))
			die_usage("%s: expected one DATABASE, or traces only", inputs[i]);
	}
	path = temporary_load(inputs, o->n_inputs, &o->symbols, isatty(STDERR_FILENO));
	database = db_open(path, o->n_inputs == 1 ? inputs[0] : "the traces");
	/* Before a signal can end us: a reader may leave the pager, or press Ctrl-C */
	temporary_remove();
	return database;
}

static void write_text(const struct options *o, const struct report *report)
{
	enum screen_color color = o->color < 0 ? COLOR_AUTO : (enum screen_color)o->color;
	struct screen screen = screen_open(color, 0);

	screen_page(&screen, !o->no_pager);
	if (o->tree || o->callers)
		text_write_tree(&screen, report, &o->text);
	else if (!o->report.site)
		text_write(&screen, report, &o->text);
	else if (!text_write_site(&screen, report, &o->text, o->report.site))
		die_usage("--site=%s: the process has no such call site; handles such as "
			  "s17 stand before the rows of tables",
			  o->report.site);
}

static void write_picture(const struct options *o, const struct report *report)
{
	FILE *out = output_open(o->svg, false);
	const char *executable = report->process.executable;
	char *title;

	if (asprintf(&title, "%s: %s", executable ? path_base(executable) : "?",
		     text_sort_titles[o->text.sort]) < 0)
		die("write %s: out of memory", o->svg);
	output_share();
	svg_write(out, report, text_sort_value(o->text.sort), o->callers, title);
	output_finish();
	printf("%s\n", o->svg);
	free(title);
}

static void write_page(const struct options *o, const struct database *database,
		       const struct report *report)
{
	FILE *out = output_open(o->html, false);
	struct page_options page = o->page;
	struct holders *holders =
		holders_read_page(database, report->process.process, o->snapshot);

	page.holders = holders;
	output_share();
	page_write(out, report, &page);
	output_finish();
	printf("%s\n", o->html);
	if (holders)
		holders_free(holders);
}

static void write_holders_json(const struct holders *holders, const struct why *why)
{
	struct json json = json_open(stdout);

	if (why)
		why_write_json(&json, holders, why);
	else
		holders_write_json(&json, holders);
	putchar('\n');
}

/* What a heap snapshot says: --retained, or --why. */
static void write_holders(const struct options *o, const struct database *database,
			  const struct report *report)
{
	enum screen_color color = o->color < 0 ? COLOR_AUTO : (enum screen_color)o->color;
	struct holders *holders = holders_read(database, report->process.process,
					       o->snapshot, HOLDERS_LAST);
	struct why why = {.steps = NULL};
	struct screen screen;

	if (o->why)
		why = why_find(database, holders, o->why);
	if (o->json) {
		write_holders_json(holders, o->why ? &why : NULL);
	} else {
		screen = screen_open(color, 0);
		screen_page(&screen, !o->no_pager);
		if (o->why)
			text_write_why(&screen, holders, &why, &o->text);
		else
			text_write_holders(&screen, holders, &report->process, &o->text);
	}
	free(why.steps);
	holders_free(holders);
}

static void show_pages(const struct options *o, const struct report *report,
		       const struct pages_view *view)
{
	enum screen_color color = o->color < 0 ? COLOR_AUTO : (enum screen_color)o->color;
	struct screen screen;
	struct json json;

	if (o->json) {
		json = json_open(stdout);
		pages_write_json(&json, report, view);
		putchar('\n');
		return;
	}
	screen = screen_open(color, 0);
	screen_page(&screen, !o->no_pager);
	text_write_pages(&screen, report, view, &o->text);
}

/* --pages needs addresses, and nothing else of the blocks. */
static struct report *write_pages(const struct options *o,
				  const struct database *database)
{
	struct map sites = {0};
	struct report *report = report_read_sites(database, &o->report, &sites);
	struct pages_view *view = pages_read(database, report, &sites, o->at);

	show_pages(o, report, view);
	pages_view_free(view);
	map_fini(&sites);
	return report;
}

static struct report *write_report(const struct options *o,
				   const struct database *database)
{
	struct report *report = report_read_shown(database, &o->report);

	if (o->svg)
		write_picture(o, report);
	else if (o->html)
		write_page(o, database, report);
	else if (o->retained || o->why)
		write_holders(o, database, report);
	else if (o->json)
		report_write_json(stdout, report);
	else
		write_text(o, report);
	return report;
}

int main(int argc, char **argv)
{
	struct options options;
	struct database database;
	struct report *report;
	char *command;

	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	command = command_quote("rheaper-report", argc,
				argv); /* before the words are sorted */
	options_read(&options, argc, argv);
	if (!(options.page.redact & (PAGE_REDACT_ARGS | PAGE_REDACT_PATHS)))
		options.page.command = command;
	output_protect((const char *const *)options.inputs, options.n_inputs);
	numbers_use_iec(options.iec);
	database = open_input(&options);
	report = options.pages ? write_pages(&options, &database)
			       : write_report(&options, &database);
	finish_output();
	screen_close();
	report_free(report);
	db_close(&database);
	options_free(&options);
	free(command);
	return EXIT_FINE;
}
