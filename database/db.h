/* SPDX-License-Identifier: MIT */
/*
 * Opens a database of rheaper-load for reading. The file may come from anywhere: nothing
 * in it is trusted, and nothing is written to it.
 */
#pragma once

#include <stdbool.h>

#include <sqlite3.h>

struct database {
	sqlite3 *db;
	const char *name; /* in messages */
};

/*
 * Open a database read-only. Dies if it cannot be opened, is not one of rheaper-load, or
 * has a schema of another version or one that was changed. Views that were added to it
 * can only select. Messages call it `name`, which stays the caller's. One thread uses it.
 */
struct database db_open(const char *path, const char *name);
void db_close(struct database *database);

/* Read the whole file and die if a page is damaged, or a row points to another that is
 * not there: without this check, SQLite may give wrong answers. */
void db_check_pages(const struct database *database);

/* The text of schema.sql. */
extern const char *const db_schema;

/*
 * Return whether the database has every table, index and view of schema.sql unchanged,
 * the rows that schema.sql gives its tables of codes, and no trigger. Then no foreign SQL
 * runs when a program reads or writes them. Other views do no harm. Dies, naming `path`,
 * if the schema cannot be read.
 */
bool db_has_our_schema(sqlite3 *db, const char *path);

/* Die with SQLite's last error: "WHAT PATH: ERROR", where `what` is the failed action. */
_Noreturn void db_die(sqlite3 *db, const char *what, const char *path);
