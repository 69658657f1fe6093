/* SPDX-License-Identifier: MIT */
/* The inside of the store, which store.c (blocks) and store-rows.c (the rest) share. */
#pragma once

#include <sqlite3.h>

#include "database/block-rows.h"
#include "database/store.h"
#include "database/tables.h"

struct store {
	sqlite3 *db;
	sqlite3_stmt *inserts[N_TABLES]; /* NULL until the first row */
	sqlite3_stmt *insert_blocks;
	sqlite3_stmt *update_owner; /* NULL: not needed yet */
	struct block_rows rows;
	const struct catalog *catalog; /* of the SQL function db_stack */
	int64_t n_blocks;              /* the last block's number */
	char *path;
	enum store_mode mode;
};

/* Die with SQLite's last error: "WHAT PATH: ERROR". */
_Noreturn void store_die(struct store *store, const char *what);

/* Run SQL that gives no rows. Dies if it fails: `what` is the action for the message. */
void store_execute(struct store *store, const char *sql, const char *what);

/* Return the one value of a query; NULL is 0. Dies if it fails. */
int64_t store_ask(struct store *store, const char *sql);

/* Write a row, which is the struct that tables.h has for the table. */
void store_insert(struct store *store, enum table table, const void *row);
