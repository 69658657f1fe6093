// SPDX-License-Identifier: MIT
/*
 * Rows of a view or of a query as CSV (RFC 4180, with a line of names) and as JSON (an
 * array of objects, one a line).
 *
 * A spreadsheet takes a text that begins with one of = + - @ for a formula, and a
 * function's name may come from a stranger. So such a text gets an apostrophe in
 * front, which spreadsheets take for "this is text", unless the user wants it raw.
 */
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "database/ask.h"

#include "rheaper-export/formats.h"

struct rows {
	FILE *out;
	bool raw;
	struct json json;
	const char *const *names;
};

/* NULL is an empty field, an empty text a quoted one. */
static void put_csv_text(const struct rows *r, const char *text)
{
	bool formula = !r->raw && text[0] && strchr("=+-@\t\r", text[0]);

	if (!formula && text[0] && !strpbrk(text, ",\"\r\n")) {
		fputs(text, r->out);
		return;
	}
	fputs(formula ? "\"'" : "\"", r->out);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', r->out);
		putc(*text, r->out);
	}
	putc('"', r->out);
}

static void put_csv_header(void *context, const char *const *names, size_t n)
{
	struct rows *r = context;

	for (size_t i = 0; i < n; i++) {
		if (i)
			putc(',', r->out);
		put_csv_text(r, names[i]);
	}
	fputs("\r\n", r->out);
}

static void put_csv_row(void *context, const struct ask_cell *cells, size_t n)
{
	struct rows *r = context;

	for (size_t i = 0; i < n; i++) {
		if (i)
			putc(',', r->out);
		if (cells[i].type == ASK_NUMBER)
			fputs(cells[i].text, r->out);
		else if (cells[i].type == ASK_TEXT)
			put_csv_text(r, cells[i].text);
	}
	fputs("\r\n", r->out);
}

static void begin_json(void *context, const char *const *names, size_t n)
{
	struct rows *r = context;

	(void)n;
	r->names = names;
	json_begin_lines(&r->json);
}

static void put_json_row(void *context, const struct ask_cell *cells, size_t n)
{
	struct rows *r = context;

	json_begin_object(&r->json);
	for (size_t i = 0; i < n; i++) {
		json_key_verbatim(&r->json, r->names[i]);
		if (cells[i].type == ASK_TEXT)
			json_text(&r->json, cells[i].text);
		else if (cells[i].type == ASK_NUMBER)
			json_number(&r->json, cells[i].text);
		else
			json_null(&r->json);
	}
	json_end_object(&r->json);
}

static void write_rows(struct profile *profile, const struct format_options *options,
		       const struct ask_rows *rows)
{
	if (options->query)
		ask_query(profile_database(profile), options->query, rows);
	else
		ask_view(profile_database(profile), options->view, &options->choice,
			 rows);
}

void csv_write(struct profile *profile, const struct format_options *options, FILE *out)
{
	struct rows r = {.out = out, .raw = options->raw};

	write_rows(profile, options, &(struct ask_rows){put_csv_header, put_csv_row, &r});
}

void json_write(struct profile *profile, const struct format_options *options, FILE *out)
{
	struct rows r = {.json = json_open(out)};

	write_rows(profile, options, &(struct ask_rows){begin_json, put_json_row, &r});
	json_end_array(&r.json);
	putc('\n', out);
}
