// SPDX-License-Identifier: MIT
/*
 * A virtual table with one row under its cursor: stepping it pairs events until
 * the next block ends. It needs no place in the schema of the database.
 */
#include <stddef.h>
#include <stdlib.h>

#include "common/cli.h"

#include "rheaper-load/block-rows.h"

#define ROWS_PER_PROGRESS 65536

struct rows_table {
	sqlite3_vtab base;
	struct block_rows *rows;
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
	/* The columns of blocks, in their order in schema.sql */
	return sqlite3_declare_vtab(db,
				    "CREATE TABLE x (alloc_ns, lifetime_ns, stack, size,"
				    " addr, alloc_thread, free_thread, free_stack, end)");
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
	(void)table;
	*cursor = calloc(1, sizeof(**cursor));
	return *cursor ? SQLITE_OK : SQLITE_NOMEM;
}

static int rows_close(sqlite3_vtab_cursor *cursor)
{
	free(cursor);
	return SQLITE_OK;
}

static struct block_rows *rows_of(const sqlite3_vtab_cursor *cursor)
{
	return ((struct rows_table *)(void *)cursor->pVtab)->rows;
}

static int note_wrong_size(struct block_rows *rows)
{
	if (array_grow((void **)&rows->wrong_sizes, &rows->n_wrong_sizes_max,
		       rows->n_wrong_sizes + 1, sizeof(*rows->wrong_sizes)))
		return SQLITE_NOMEM;
	rows->wrong_sizes[rows->n_wrong_sizes++] =
		(struct wrong_size){rows->n_rows, rows->row.free_size};
	return SQLITE_OK;
}

static int rows_next(sqlite3_vtab_cursor *cursor)
{
	struct block_rows *rows = rows_of(cursor);
	int result = pair_next(rows->pair, &rows->row);

	if (result < 0) {
		rows->error = result;
		return SQLITE_ERROR;
	}
	rows->end = result == 0;
	rows->n_rows += !rows->end;
	if (!rows->end && rows->row.free_size != 0 &&
	    rows->row.free_size != rows->row.size)
		return note_wrong_size(rows);
	if (rows->progress && rows->n_rows % ROWS_PER_PROGRESS == 0)
		rows->progress(rows->context, rows->n_rows);
	return SQLITE_OK;
}

static int rows_filter(sqlite3_vtab_cursor *cursor, int index, const char *name,
		       int n_values, sqlite3_value **values)
{
	(void)index, (void)name, (void)n_values, (void)values;
	return rows_next(cursor);
}

static int rows_eof(sqlite3_vtab_cursor *cursor)
{
	return rows_of(cursor)->end;
}

static int rows_column(sqlite3_vtab_cursor *cursor, sqlite3_context *result, int column)
{
	const struct pair_row *row = &rows_of(cursor)->row;
	int64_t value = 0;

	switch (column) {
	case 0:
		value = row->alloc_ns;
		break;
	case 1:
		value = row->lifetime_ns;
		break;
	case 2:
		value = row->stack;
		break;
	case 3:
		value = row->size < INT64_MAX ? (int64_t)row->size : INT64_MAX;
		break;
	case 4:
		value = (int64_t)row->address;
		break;
	case 5:
		value = row->alloc_thread;
		break;
	case 6:
		value = row->free_thread;
		break;
	case 7:
		value = row->free_stack;
		break;
	case 8:
		value = row->end;
		break;
	}
	if (row->lifetime_ns < 0 && (column == 1 || column == 6 || column == 7))
		sqlite3_result_null(result);
	else
		sqlite3_result_int64(result, value);
	return SQLITE_OK;
}

static int rows_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid)
{
	*rowid = (sqlite3_int64)rows_of(cursor)->n_rows;
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
