// SPDX-License-Identifier: MIT
#include "common/cli.h"
#include "rheaper-check/arena.h"

#include "rheaper-check/measure-database.h"

sqlite3_stmt *database_prepare(struct database *d, const char *sql)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(d->db, sql, -1, &statement, NULL) != SQLITE_OK)
		db_die(d->db, "read", d->name);
	return statement;
}

bool database_step(struct database *d, sqlite3_stmt *statement)
{
	int result = sqlite3_step(statement);

	if (result != SQLITE_ROW && result != SQLITE_DONE)
		db_die(d->db, "read", d->name);
	return result == SQLITE_ROW;
}

const char *database_text(struct database *d, sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);

	return text ? arena_printable(d->arena, text) : NULL;
}

const char *database_text_or(struct database *d, sqlite3_stmt *statement, int column,
			     const char *otherwise)
{
	const char *text = database_text(d, statement, column);

	return text ? text : otherwise;
}

int64_t database_count(struct database *d, sqlite3_stmt *statement, int column)
{
	int64_t value = sqlite3_column_int64(statement, column);

	if (value < 0)
		die("read %s: it is damaged: %lld of what is counted", d->name,
		    (long long)value);
	return value;
}
