// SPDX-License-Identifier: MIT
/*
 * A virtual table over an array. It needs no place in the schema of the database.
 */
#include <stddef.h>
#include <stdlib.h>

#include "database/lots.h"

#include "database/block-rows.h"

#define AHEAD 8 /* rows, which lie apart, are fetched before they are needed */

/* In the order of BLOCK_ROWS_COLUMNS */
enum block_column {
	ALLOC_NS,
	LIFETIME_NS,
	SIZE,
	ADDRESS,
};

struct rows_table {
	sqlite3_vtab base;
	struct block_rows *rows;
};

struct rows_cursor {
	sqlite3_vtab_cursor base;
	const struct lot_row *rows;
	const uint32_t *next, *end; /* numbers of rows */
};

static int rows_connect(sqlite3 *db, void *context, int n_arguments,
			const char *const *arguments, sqlite3_vtab **table,
			char **message)
{
	struct rows_table *t = calloc(1, sizeof(*t));

	(void)n_arguments, (void)arguments, (void)message;
	if (!t)
		return SQLITE_NOMEM;
	t->rows = context;
	*table = &t->base;
	return sqlite3_declare_vtab(db, "CREATE TABLE x (" BLOCK_ROWS_COLUMNS ")");
}

static int rows_disconnect(sqlite3_vtab *table)
{
	free(table);
	return SQLITE_OK;
}

static int rows_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	(void)table;
	info->estimatedRows = 1000000;
	return SQLITE_OK;
}

static int rows_open(sqlite3_vtab *table, sqlite3_vtab_cursor **cursor)
{
	struct rows_cursor *c = calloc(1, sizeof(*c));

	(void)table;
	*cursor = &c->base;
	return c ? SQLITE_OK : SQLITE_NOMEM;
}

static int rows_close(sqlite3_vtab_cursor *cursor)
{
	free(cursor);
	return SQLITE_OK;
}

static struct rows_cursor *own(sqlite3_vtab_cursor *cursor)
{
	return (struct rows_cursor *)(void *)cursor;
}

static int rows_filter(sqlite3_vtab_cursor *cursor, int index, const char *name,
		       int n_values, sqlite3_value **values)
{
	const struct rows_table *table = (void *)cursor->pVtab;
	const struct lots *lots = table->rows->lots;

	(void)index, (void)name, (void)n_values, (void)values;
	own(cursor)->rows = lots->rows;
	own(cursor)->next = lots->order;
	own(cursor)->end = lots->order + lots->n_rows;
	return SQLITE_OK;
}

static int rows_next(sqlite3_vtab_cursor *cursor)
{
	struct rows_cursor *c = own(cursor);

	c->next++;
	if (c->end - c->next > AHEAD)
		__builtin_prefetch(&c->rows[c->next[AHEAD]]);
	return SQLITE_OK;
}

static int rows_eof(sqlite3_vtab_cursor *cursor)
{
	return own(cursor)->next == own(cursor)->end;
}

static int rows_column(sqlite3_vtab_cursor *cursor, sqlite3_context *result, int column)
{
	const struct lot_row *row = &own(cursor)->rows[*own(cursor)->next];

	switch (column) {
	case ALLOC_NS:
		sqlite3_result_int64(result, row->alloc_ns);
		break;
	case LIFETIME_NS:
		if (row->lifetime_ns >= 0)
			sqlite3_result_int64(result, row->lifetime_ns);
		break;
	case SIZE:
		sqlite3_result_int64(result, row->size < INT64_MAX ? (int64_t)row->size
								   : INT64_MAX);
		break;
	case ADDRESS:
		sqlite3_result_int64(result, (int64_t)row->address);
		break;
	}
	return SQLITE_OK;
}

static int rows_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid)
{
	*rowid = 0;
	(void)cursor;
	return SQLITE_OK;
}

int block_rows_register(sqlite3 *db, struct block_rows *rows)
{
	static const sqlite3_module module = {
		.xConnect = rows_connect,
		.xDisconnect = rows_disconnect,
		.xBestIndex = rows_best_index,
		.xOpen = rows_open,
		.xClose = rows_close,
		.xFilter = rows_filter,
		.xNext = rows_next,
		.xEof = rows_eof,
		.xColumn = rows_column,
		.xRowid = rows_rowid,
	};
	return sqlite3_create_module(db, BLOCK_ROWS_TABLE, &module, rows);
}
