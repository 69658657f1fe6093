/* SPDX-License-Identifier: MIT */
/*
 * The rows of whatever somebody asks: a table, a view, a query of the user's own. Dies of
 * what cannot be read. Texts are valid UTF-8, without NUL, and live until the callback
 * returns.
 */
#pragma once

#include <stddef.h>

struct database;

enum ask_cell_type {
	ASK_NULL,
	ASK_NUMBER, /* integer, or real as JSON has it: finite */
	ASK_TEXT,   /* bytes of a blob are text in hexadecimal */
};

struct ask_cell {
	enum ask_cell_type type;
	const char *text;
};

struct ask_rows {
	void (*header)(void *context, const char *const *names, size_t n);
	void (*row)(void *context, const struct ask_cell *cells, size_t n);
	void *context;
};

/* The rows of a table or view, or of a SELECT. Dies of SQL that does anything else. */
void ask_view(const struct database *database, const char *name,
	      const struct ask_rows *rows);
void ask_query(const struct database *database, const char *sql,
	       const struct ask_rows *rows);
