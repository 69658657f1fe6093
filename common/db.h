/* SPDX-License-Identifier: MIT */
/*
 * A database of rheaper-load, opened by those who only ask. It may come from
 * anywhere: nothing in it is trusted, nothing is written.
 */
#pragma once

#include <sqlite3.h>

/*
 * Open a database: read-only, no SQL of its schema may do more than select, and it is
 * rheaper's, of this version of the schema. Dies if not.
 */
sqlite3 *db_open(const char *path);

/* Die of what SQLite has against `what`, an action on the database at path. */
_Noreturn void db_die(sqlite3 *db, const char *what, const char *path);
