/* SPDX-License-Identifier: MIT */
/*
 * A database of rheaper-load, opened by those who only ask. It may come from
 * anywhere: nothing in it is trusted, nothing is written.
 */
#pragma once

#include <stdbool.h>

#include <sqlite3.h>

struct database {
	sqlite3 *db;
	const char *name; /* in messages */
};

/*
 * Open a database: read-only, it is rheaper's, of this version of the schema, which
 * nobody has changed. SQL that was added to it may do no more than select. Dies if not.
 * `name` is what messages call it; it stays the caller's.
 */
struct database db_open(const char *path, const char *name);
void db_close(struct database *database);

/* Look whether the file is damaged, and die if it is: some of SQLite's answers would be
 * wrong. It reads the whole file. */
void db_check_pages(const struct database *database);

/* schema.sql */
extern const char *const db_schema;

/*
 * Whether every table, index and view of schema.sql is there as it stands there, and no
 * trigger: nobody else's SQL is run then, by whoever names them. More views do no harm.
 * Dies if that cannot be read.
 */
bool db_has_our_schema(sqlite3 *db, const char *path);

/* Die of what SQLite has against `what`, an action on the database at path. */
_Noreturn void db_die(sqlite3 *db, const char *what, const char *path);
