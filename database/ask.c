// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/text.h"
#include "database/choice.h"
#include "database/db.h"

#include "database/ask.h"

static sqlite3_stmt *prepare(const struct database *d, const char *sql)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(d->db, sql, -1, &statement, NULL) != SQLITE_OK)
		db_die(d->db, "read", d->name);
	return statement;
}

static bool step(const struct database *d, sqlite3_stmt *statement)
{
	int result = sqlite3_step(statement);

	if (result != SQLITE_ROW && result != SQLITE_DONE)
		db_die(d->db, "read", d->name);
	return result == SQLITE_ROW;
}

/* A column as UTF-8, for the caller to free; NULL is NULL. */
static char *get_text(sqlite3_stmt *statement, int column)
{
	const char *bytes = (const char *)sqlite3_column_text(statement, column);
	char *text;

	if (!bytes && sqlite3_column_type(statement, column) == SQLITE_NULL)
		return NULL;
	text = bytes ? text_utf8(bytes, (size_t)sqlite3_column_bytes(statement, column))
		     : NULL;
	if (!text)
		die("read the database: out of memory");
	return text;
}

static char *format_blob(sqlite3_stmt *statement, int column)
{
	const unsigned char *bytes = sqlite3_column_blob(statement, column);
	int n = sqlite3_column_bytes(statement, column);
	char *text = malloc(2 * (size_t)n + 1);

	if (!text)
		die("read the database: out of memory");
	text[0] = 0;
	for (int i = 0; i < n; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	return text;
}

/* The text is for the caller to free. */
static struct ask_cell get_cell(sqlite3_stmt *statement, int column)
{
	switch (sqlite3_column_type(statement, column)) {
	case SQLITE_FLOAT:
		if (!isfinite(sqlite3_column_double(statement, column)))
			break;
		/* fall through */
	case SQLITE_INTEGER:
		return (struct ask_cell){ASK_NUMBER, get_text(statement, column)};
	case SQLITE_BLOB:
		return (struct ask_cell){ASK_TEXT, format_blob(statement, column)};
	case SQLITE_TEXT:
		return (struct ask_cell){ASK_TEXT, get_text(statement, column)};
	}
	return (struct ask_cell){ASK_NULL, NULL};
}

static void visit_rows(const struct database *d, sqlite3_stmt *statement,
		       const struct ask_rows *rows)
{
	int n = sqlite3_column_count(statement);
	struct ask_cell *cells = calloc((size_t)n, sizeof(*cells));
	char **names = calloc((size_t)n, sizeof(*names));

	if (!cells || !names)
		die("read %s: out of memory", d->name);
	for (int i = 0; i < n; i++) {
		const char *name = sqlite3_column_name(statement, i);

		names[i] = name ? text_utf8(name, strlen(name)) : NULL;
		if (!names[i])
			die("read %s: out of memory", d->name);
	}
	rows->header(rows->context, (const char *const *)names, (size_t)n);
	while (step(d, statement)) {
		for (int i = 0; i < n; i++)
			cells[i] = get_cell(statement, i);
		rows->row(rows->context, cells, (size_t)n);
		for (int i = 0; i < n; i++)
			free((char *)cells[i].text);
	}
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	free(cells);
}

/* A query asks: it attaches, changes and sets nothing. */
static int allow_only_questions(void *context, int action, const char *a, const char *b,
				const char *database, const char *trigger)
{
	(void)context, (void)a, (void)b, (void)database, (void)trigger;
	return action == SQLITE_SELECT || action == SQLITE_READ ||
			       action == SQLITE_FUNCTION || action == SQLITE_RECURSIVE
		       ? SQLITE_OK
		       : SQLITE_DENY;
}

void ask_query(const struct database *d, const char *sql, const struct ask_rows *rows)
{
	sqlite3_stmt *statement, *next;
	const char *rest;

	sqlite3_set_authorizer(d->db, allow_only_questions, NULL);
	if (sqlite3_prepare_v2(d->db, sql, -1, &statement, &rest) != SQLITE_OK)
		db_die(d->db, "query", d->name);
	if (!statement || sqlite3_column_count(statement) == 0)
		die("query %s: the query is empty", d->name);
	if (sqlite3_prepare_v2(d->db, rest, -1, &next, NULL) != SQLITE_OK)
		db_die(d->db, "query", d->name);
	if (next)
		die("query %s: there is more than one query; give one SELECT", d->name);
	visit_rows(d, statement, rows);
	sqlite3_finalize(statement);
	sqlite3_set_authorizer(d->db, NULL, NULL);
}

/* Whether SELECTs of a view may name that column. */
static bool has_column(const struct database *d, const char *view, const char *column)
{
	char *sql = sqlite3_mprintf("SELECT v.%s FROM \"%w\" v", column, view);
	sqlite3_stmt *statement = NULL;
	bool found;

	if (!sql)
		die("read %s: out of memory", d->name);
	found = sqlite3_prepare_v2(d->db, sql, -1, &statement, NULL) == SQLITE_OK;
	sqlite3_finalize(statement);
	sqlite3_free(sql);
	return found;
}

static char *view_sql(const struct database *d, const char *view,
		      const struct choice *choice)
{
	if (choice->run == 0 && choice->process == 0)
		return sqlite3_mprintf("SELECT * FROM \"%w\"", view);
	if (has_column(d, view, "process"))
		return sqlite3_mprintf("SELECT * FROM \"%w\" WHERE process IN"
				       " (SELECT process FROM processes WHERE"
				       " %lld IN (0, run) AND %lld IN (0, process))",
				       view, (long long)choice->run,
				       (long long)choice->process);
	if (choice->process == 0 && has_column(d, view, "run"))
		return sqlite3_mprintf("SELECT * FROM \"%w\" WHERE run = %lld", view,
				       (long long)choice->run);
	die("read %s: the rows of %s belong to no %s, so none can be chosen", d->name,
	    view, choice->process ? "process" : "process or run");
}

void ask_view(const struct database *d, const char *name, const struct choice *choice,
	      const struct ask_rows *rows)
{
	sqlite3_stmt *statement =
		prepare(d, "SELECT 1 FROM sqlite_schema"
			   " WHERE name = ? AND type IN ('table', 'view')");
	char *sql;

	sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
	if (!step(d, statement))
		die("read %s: the database has no table or view %s", d->name, name);
	sqlite3_finalize(statement);
	sql = view_sql(d, name, choice);
	if (!sql)
		die("read %s: out of memory", d->name);
	ask_query(d, sql, rows);
	sqlite3_free(sql);
}
