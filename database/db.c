// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cli.h"
#include "config.h"
#include "schema.h"

#include "database/db.h"

#define APPLICATION_ID 0x72686561 /* schema.sql */

const char *const db_schema = schema_sql;

void db_die(sqlite3 *db, const char *what, const char *path)
{
	die("%s %s: %s", what, path, sqlite3_errmsg(db));
}

static int read_pragma(sqlite3 *db, const char *sql, const char *path)
{
	sqlite3_stmt *statement;
	int value;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK ||
	    sqlite3_step(statement) != SQLITE_ROW)
		db_die(db, "read", path);
	value = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

/* What schema.sql makes of a new database. */
static sqlite3 *make_model(const char *path)
{
	sqlite3 *model = NULL;

	if (sqlite3_open(":memory:", &model) != SQLITE_OK ||
	    sqlite3_exec(model, schema_sql, NULL, NULL, NULL) != SQLITE_OK)
		db_die(model, "read", path);
	return model;
}

static bool are_equal(sqlite3_stmt *left, sqlite3_stmt *right)
{
	for (int i = 0; i < sqlite3_column_count(left); i++) {
		const char *a = (const char *)sqlite3_column_text(left, i);
		const char *b = (const char *)sqlite3_column_text(right, i);

		if (!a || !b || strcmp(a, b) != 0)
			return false;
	}
	return true;
}

/* Whether the tables of codes have the rows that schema.sql gives them: what a code says
 * decides what is live, and what leaks. */
static bool has_our_codes(sqlite3 *db, sqlite3 *model, const char *path)
{
	static const char *const queries[] = {
		"SELECT * FROM block_endings ORDER BY 1",
		"SELECT * FROM leak_kinds ORDER BY 1",
		"SELECT * FROM scope_endings ORDER BY 1",
	};
	bool same = true;

	for (size_t i = 0; same && i < sizeof(queries) / sizeof(*queries); i++) {
		sqlite3_stmt *ours, *theirs;
		int mine, other;

		if (sqlite3_prepare_v2(model, queries[i], -1, &ours, NULL) != SQLITE_OK)
			db_die(model, "read", path);
		if (sqlite3_prepare_v2(db, queries[i], -1, &theirs, NULL) != SQLITE_OK)
			db_die(db, "read", path);
		do {
			mine = sqlite3_step(ours);
			other = sqlite3_step(theirs);
			same = mine == other &&
			       (mine == SQLITE_DONE || are_equal(ours, theirs));
		} while (same && mine == SQLITE_ROW);
		sqlite3_finalize(ours);
		sqlite3_finalize(theirs);
	}
	return same;
}

bool db_has_our_schema(sqlite3 *db, const char *path)
{
	static const char list[] = "SELECT name, sql FROM sqlite_schema"
				   " WHERE sql NOT NULL",
			  find[] = "SELECT 1 FROM sqlite_schema WHERE name = ? AND"
				   " sql = ? AND NOT EXISTS (SELECT 1"
				   "  FROM sqlite_schema WHERE type = 'trigger')";
	sqlite3 *model = make_model(path);
	sqlite3_stmt *ours, *theirs;
	bool same = true;

	if (sqlite3_prepare_v2(model, list, -1, &ours, NULL) != SQLITE_OK)
		db_die(model, "read", path);
	if (sqlite3_prepare_v2(db, find, -1, &theirs, NULL) != SQLITE_OK)
		db_die(db, "read", path);
	while (same && sqlite3_step(ours) == SQLITE_ROW) {
		sqlite3_bind_value(theirs, 1, sqlite3_column_value(ours, 0));
		sqlite3_bind_value(theirs, 2, sqlite3_column_value(ours, 1));
		same = sqlite3_step(theirs) == SQLITE_ROW;
		sqlite3_reset(theirs);
	}
	sqlite3_finalize(ours);
	sqlite3_finalize(theirs);
	same = same && has_our_codes(db, model, path);
	sqlite3_close(model);
	return same;
}

static void check_version(sqlite3 *db, const char *path)
{
	int version;

	if (read_pragma(db, "PRAGMA application_id", path) != APPLICATION_ID)
		die("read %s: it is not a database of rheaper-load", path);
	version = read_pragma(db, "PRAGMA user_version", path);
	if (version != RHEAPER_SCHEMA_VERSION)
		die("read %s: its schema has version %d, but this program reads version "
		    "%d; load the traces again, or use the rheaper that loaded them",
		    path, version, RHEAPER_SCHEMA_VERSION);
}

static void distrust(sqlite3 *db, const char *path)
{
	if (sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK ||
	    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) != SQLITE_OK ||
	    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL) != SQLITE_OK ||
	    sqlite3_exec(db,
			 "PRAGMA query_only = 1;"
			 "PRAGMA cell_size_check = 1;"
			 "PRAGMA mmap_size = 0",
			 NULL, NULL, NULL) != SQLITE_OK)
		db_die(db, "open", path);
}

/* Some names are special to SQLite; none with a slash is. A database is read by one
 * thread, and a lock for each value of each row takes a fifth of a pass over all blocks.
 */
static sqlite3 *open_file(const char *path, const char *name)
{
	sqlite3 *db = NULL;
	char *file = NULL;

	if (asprintf(&file, "%s%s", path[0] == '/' ? "" : "./", path) < 0)
		die("open %s: out of memory", name);
	if (sqlite3_open_v2(file, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK)
		db_die(db, "open", name);
	free(file);
	return db;
}

struct database db_open(const char *path, const char *name)
{
	struct database d = {.name = name};
	struct stat status;

	if (stat(path, &status) != 0)
		die("open %s:", name);
	if (!S_ISREG(status.st_mode))
		die("open %s: it is not a regular file", name);
	d.db = open_file(path, name);
	distrust(d.db, name);
	check_version(d.db, name);
	if (!db_has_our_schema(d.db, name))
		die("read %s: its schema was changed; load the traces again", name);
	return d;
}

void db_close(struct database *d)
{
	sqlite3_close(d->db);
	d->db = NULL;
}

/* A row that points to nothing drops out of queries without a word. A thread that a torn
 * trace does not name is only a name less, and in no verdict. */
static void check_keys(const struct database *d)
{
	enum {
		TABLE,
		ROWID,
		PARENT
	};
	sqlite3_stmt *statement;
	int result;

	if (sqlite3_prepare_v2(d->db, "PRAGMA foreign_key_check", -1, &statement, NULL) !=
	    SQLITE_OK)
		db_die(d->db, "read", d->name);
	do
		result = sqlite3_step(statement);
	while (result == SQLITE_ROW &&
	       sqlite3_stricmp((const char *)sqlite3_column_text(statement, PARENT),
			       "threads") == 0);
	if (result == SQLITE_ROW)
		die("read %s: the database is damaged: a row of %s points to nothing;"
		    " load the traces again",
		    d->name, (const char *)sqlite3_column_text(statement, TABLE));
	if (result != SQLITE_DONE)
		db_die(d->db, "read", d->name);
	sqlite3_finalize(statement);
}

/* The frames of stacks are lists, of which foreign keys know nothing. */
static void check_frames(const struct database *d)
{
	sqlite3_stmt *statement;
	int result;

	if (sqlite3_prepare_v2(d->db,
			       "SELECT 1 FROM stack_frames sf LEFT JOIN frames f"
			       " ON f.frame = sf.frame WHERE f.frame IS NULL LIMIT 1",
			       -1, &statement, NULL) != SQLITE_OK)
		db_die(d->db, "read", d->name);
	result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		die("read %s: the database is damaged: a row of stack_frames points to"
		    " nothing; load the traces again",
		    d->name);
	if (result != SQLITE_DONE)
		db_die(d->db, "read", d->name);
	sqlite3_finalize(statement);
}

void db_check_pages(const struct database *d)
{
	sqlite3_stmt *statement;
	const char *verdict;

	if (sqlite3_prepare_v2(d->db, "PRAGMA quick_check(1)", -1, &statement, NULL) !=
		    SQLITE_OK ||
	    sqlite3_step(statement) != SQLITE_ROW)
		db_die(d->db, "read", d->name);
	verdict = (const char *)sqlite3_column_text(statement, 0);
	if (!verdict || strcmp(verdict, "ok") != 0)
		die("read %s: the database is damaged; load the traces again", d->name);
	sqlite3_finalize(statement);
	check_keys(d);
	check_frames(d);
}
