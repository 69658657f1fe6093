// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/text.h"
#include "database/db.h"

#include "database/rows.h"

struct rows {
	struct database database;
	const struct row_list *list;
	sqlite3_stmt *statement;
	char **texts; /* of the present row, by column */
};

static void add_columns(sqlite3_str *sql, const struct row_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		sqlite3_str_appendf(sql, "%s%s", i ? ", " : "", list->columns[i].sql);
}

char *rows_insert_sql(const char *table, const struct row_list *list, const char *rest)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);

	sqlite3_str_appendf(sql, "INSERT INTO %s (", table);
	add_columns(sql, list);
	sqlite3_str_appendall(sql, ") VALUES (");
	for (size_t i = 0; i < list->n; i++)
		sqlite3_str_appendall(sql, i ? ", ?" : "?");
	sqlite3_str_appendf(sql, ") %s", rest ? rest : "");
	return sqlite3_str_finish(sql);
}

static int64_t get_integer(const struct row_column *column, const void *field)
{
	switch (column->type) {
	case ROW_UINT32:
		return *(const uint32_t *)field;
	case ROW_INT:
		return *(const int *)field;
	case ROW_BOOL:
		return *(const bool *)field;
	default:
		return *(const int64_t *)field;
	}
}

static void bind_column(sqlite3_stmt *statement, int number,
			const struct row_column *column, const void *row)
{
	const void *field = (const char *)row + column->offset;
	int64_t integer;

	if (column->type == ROW_TEXT) {
		sqlite3_bind_text(statement, number, *(const char *const *)field, -1,
				  SQLITE_STATIC);
	} else if (column->type == ROW_DOUBLE) {
		sqlite3_bind_double(statement, number, *(const double *)field);
	} else {
		integer = get_integer(column, field);
		if (column->nullable && integer == column->null)
			sqlite3_bind_null(statement, number);
		else
			sqlite3_bind_int64(statement, number, integer);
	}
}

void rows_bind(sqlite3_stmt *statement, const struct row_list *list, const void *row)
{
	for (size_t i = 0; i < list->n; i++)
		bind_column(statement, (int)i + 1, &list->columns[i], row);
}

static _Noreturn void die_of_memory(const struct database *d)
{
	die("read %s: out of memory", d->name);
}

struct rows *rows_open_with(const struct database *d, const char *with,
			    const struct row_list *list, const char *rest)
{
	sqlite3_str *text = sqlite3_str_new(d->db);
	struct rows *rows = calloc(1, sizeof(*rows));
	char *sql;

	sqlite3_str_appendf(text, "%s SELECT ", with);
	add_columns(text, list);
	sqlite3_str_appendf(text, " %s", rest);
	sql = sqlite3_str_finish(text);
	if (!rows || !sql)
		die_of_memory(d);
	*rows = (struct rows){*d, list, NULL, calloc(list->n, sizeof(*rows->texts))};
	if (!rows->texts)
		die_of_memory(d);
	if (sqlite3_prepare_v2(d->db, sql, -1, &rows->statement, NULL) != SQLITE_OK)
		db_die(d->db, "read", d->name);
	sqlite3_free(sql);
	return rows;
}

struct rows *rows_open(const struct database *d, const struct row_list *list,
		       const char *rest)
{
	return rows_open_with(d, "", list, rest);
}

void rows_set(struct rows *rows, int number, int64_t value)
{
	sqlite3_reset(rows->statement);
	if (sqlite3_bind_int64(rows->statement, number, value) != SQLITE_OK)
		db_die(rows->database.db, "read", rows->database.name);
}

static const char *take_text(struct rows *rows, int column)
{
	const char *bytes = (const char *)sqlite3_column_text(rows->statement, column);
	size_t n = (size_t)sqlite3_column_bytes(rows->statement, column);

	free(rows->texts[column]);
	rows->texts[column] = bytes ? text_utf8(bytes, n) : NULL;
	if (!rows->texts[column] &&
	    sqlite3_column_type(rows->statement, column) != SQLITE_NULL)
		die_of_memory(&rows->database);
	return rows->texts[column];
}

static void take_column(struct rows *rows, int number, void *row)
{
	const struct row_column *column = &rows->list->columns[number];
	void *field = (char *)row + column->offset;
	int64_t integer;

	if (column->type == ROW_TEXT) {
		*(const char **)field = take_text(rows, number);
		return;
	}
	if (column->type == ROW_DOUBLE) {
		*(double *)field = sqlite3_column_double(rows->statement, number);
		return;
	}
	integer = sqlite3_column_type(rows->statement, number) == SQLITE_NULL
			  ? column->null
			  : sqlite3_column_int64(rows->statement, number);
	if (column->type == ROW_UINT32)
		*(uint32_t *)field = (uint32_t)integer;
	else if (column->type == ROW_INT)
		*(int *)field = (int)integer;
	else if (column->type == ROW_BOOL)
		*(bool *)field = integer != 0;
	else
		*(int64_t *)field = integer;
}

bool rows_next(struct rows *rows, void *row)
{
	int result = sqlite3_step(rows->statement);

	if (result != SQLITE_ROW && result != SQLITE_DONE)
		db_die(rows->database.db, "read", rows->database.name);
	if (result == SQLITE_DONE)
		return false;
	for (size_t i = 0; i < rows->list->n; i++)
		take_column(rows, (int)i, row);
	return true;
}

void rows_close(struct rows *rows)
{
	sqlite3_finalize(rows->statement);
	for (size_t i = 0; i < rows->list->n; i++)
		free(rows->texts[i]);
	free(rows->texts);
	free(rows);
}
