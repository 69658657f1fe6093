/* SPDX-License-Identifier: MIT */
/*
 * Reads and writes rows of SQL as structs. A list of columns says, of each column, its
 * SQL and the field of the struct that holds its value. Statements are made from the
 * list, so that no position is counted by hand.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

enum row_type {
	ROW_INT64,
	ROW_UINT32,
	ROW_INT,
	ROW_BOOL,
	ROW_DOUBLE,
	ROW_TEXT, /* UTF-8, or NULL for NULL */
};

struct row_column {
	const char *sql; /* the column's name, or any expression if it is only read */
	enum row_type type;
	bool nullable; /* the number may be NULL, which the struct has as `null` */
	int64_t null;
	size_t offset; /* of the field */
};

#define ROW_TYPE_OF(field)                                                               \
	_Generic((field),                                                                \
		int64_t: ROW_INT64,                                                      \
		uint32_t: ROW_UINT32,                                                    \
		int: ROW_INT,                                                            \
		bool: ROW_BOOL,                                                          \
		double: ROW_DOUBLE,                                                      \
		const char *: ROW_TEXT)

/* The column `sql` belongs to the field of `struct row`, whose type decides how it is
 * read and bound. NULL is read as 0. */
#define ROW_COLUMN(row, field, sql)                                                      \
	{                                                                                \
		sql, ROW_TYPE_OF(((struct row *)0)->field), false, 0,                    \
			offsetof(struct row, field)                                      \
	}

/* The same for a number: the value `null` in the struct is NULL in the database. */
#define ROW_NULLABLE(row, field, sql, null)                                              \
	{                                                                                \
		sql, ROW_TYPE_OF(((struct row *)0)->field), true, null,                  \
			offsetof(struct row, field)                                      \
	}

/* The columns of a table or a query. */
struct row_list {
	const struct row_column *columns;
	size_t n;
};

#define ROW_LIST(columns)                                                                \
	{                                                                                \
		columns, sizeof(columns) / sizeof(*(columns))                            \
	}

/* Make "INSERT INTO TABLE (COLUMNS) VALUES (?, ...) REST", for the caller to
 * sqlite3_free(). Returns NULL if memory runs out. */
char *rows_insert_sql(const char *table, const struct row_list *list, const char *rest);

/* Bind the fields of a struct to such a statement. Texts must live until it has run. */
void rows_bind(sqlite3_stmt *statement, const struct row_list *list, const void *row);

/*
 * A query whose rows are read one after the other. Every function dies, naming the
 * database, if it cannot be read. A text is valid UTF-8 without NUL, whatever the
 * database has, and lives until the next row is read.
 */
struct rows;
struct database;

/* Prepare "SELECT COLUMNS REST", where REST begins with FROM and may have parameters. */
struct rows *rows_open(const struct database *database, const struct row_list *list,
		       const char *rest);

/* The same with "WITH ..." in front. */
struct rows *rows_open_with(const struct database *database, const char *with,
			    const struct row_list *list, const char *rest);

/* Set parameter `number` (from 1), and go back to before the first row. */
void rows_set(struct rows *rows, int number, int64_t value);

/* Fill a struct with the next row. Returns false, and leaves the struct as it was, if
 * there is no more. */
bool rows_next(struct rows *rows, void *row);

void rows_close(struct rows *rows);
