/* SPDX-License-Identifier: MIT */
/*
 * Reads the rows of a table, a view or a user's query. Every function dies if the
 * database cannot be read. Texts are valid UTF-8 without NUL, and live until the callback
 * returns.
 */
#pragma once

#include <stddef.h>

struct database;

enum ask_cell_type {
	ASK_NULL,
	ASK_NUMBER, /* integer or finite real, as JSON writes it */
	ASK_TEXT,   /* a blob is text in hexadecimal */
};

struct ask_cell {
	enum ask_cell_type type;
	const char *text;
};

/* `header` is called once, with the names of the columns; then `row` for each row. */
struct ask_rows {
	void (*header)(void *context, const char *const *names, size_t n);
	void (*row)(void *context, const struct ask_cell *cells, size_t n);
	void *context;
};

/*
 * Read the rows of the table or view of that name, those of the chosen processes or runs.
 * Dies if there is none, or if its rows belong to no process and not all are chosen.
 */
struct choice;
void ask_view(const struct database *database, const char *name,
	      const struct choice *choice, const struct ask_rows *rows);

/* Read the rows of one SELECT. Dies if the SQL is wrong, or does anything but read. */
void ask_query(const struct database *database, const char *sql,
	       const struct ask_rows *rows);
