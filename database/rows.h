/* SPDX-License-Identifier: MIT */
/*
 * Rows of SQL as structs. A list of columns says once, of each column, its SQL and the
 * field of the struct that has its value; statements are made from the list, so that no
 * position is counted by hand. For the files of this room, and for tests.
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
	const char *sql; /* a column's name; to be read, it may be any expression */
	enum row_type type;
	bool nullable; /* a number that may be NULL, which is `null` in the struct */
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

/* The column `sql` is the field of `struct row`, whose type says how it is read and
 * bound; NULL is 0. */
#define ROW_COLUMN(row, field, sql)                                                      \
	{                                                                                \
		sql, ROW_TYPE_OF(((struct row *)0)->field), false, 0,                    \
			offsetof(struct row, field)                                      \
	}

/* The same of a number that NULL stands for if it is `null`. */
#define ROW_NULLABLE(row, field, sql, null)                                              \
	{                                                                                \
		sql, ROW_TYPE_OF(((struct row *)0)->field), true, null,                  \
			offsetof(struct row, field)                                      \
	}

/* A table, or what a query selects. */
struct row_list {
	const struct row_column *columns;
	size_t n;
};

#define ROW_LIST(columns)                                                                \
	{                                                                                \
		columns, sizeof(columns) / sizeof(*(columns))                            \
	}

/* "INSERT INTO TABLE (COLUMNS) VALUES (?, ...) REST", for the caller to sqlite3_free();
 * NULL: out of memory. */
char *rows_insert_sql(const char *table, const struct row_list *list, const char *rest);

/* Bind a struct to such a statement. Texts must live until it has run. */
void rows_bind(sqlite3_stmt *statement, const struct row_list *list, const void *row);

/*
 * Rows that are read one after the other. Every function dies of what cannot be read, and
 * names the database. A text is valid UTF-8 without NUL, whatever the database has, and
 * lives until the next row is read.
 */
struct rows;
struct database;

/* "SELECT COLUMNS REST", where REST begins with FROM. It may have parameters. */
struct rows *rows_open(const struct database *database, const struct row_list *list,
		       const char *rest);

/* The same with "WITH ..." in front. */
struct rows *rows_open_with(const struct database *database, const char *with,
			    const struct row_list *list, const char *rest);

/* Give parameter `number`, from 1, a value, and begin with the first row again. */
void rows_set(struct rows *rows, int number, int64_t value);

/* Fill the struct with the next row. False: there is none; the struct is as it was. */
bool rows_next(struct rows *rows, void *row);

void rows_close(struct rows *rows);
