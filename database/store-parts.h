/* SPDX-License-Identifier: MIT */
/* Inside of the store, shared by store.c (blocks) and store-rows.c (all the rest). */
#pragma once

#include <sqlite3.h>

#include "database/block-rows.h"
#include "database/store.h"
#include "database/tables.h"

struct store {
	sqlite3 *db;
	sqlite3_stmt *inserts[N_TABLES]; /* NULL until the first row */
	sqlite3_stmt *insert_blocks;
	struct block_rows rows;
	const struct catalog *catalog; /* of the SQL function db_stack */
	int64_t n_blocks;              /* the last block's number */
	char *path;
	enum store_mode mode;
};

_Noreturn void store_die(struct store *store, const char *what);
void store_execute(struct store *store, const char *sql, const char *what);

/* The one value of a query; NULL is 0. */
int64_t store_ask(struct store *store, const char *sql);

/* Write a row: the struct of tables.h that the table has. */
void store_insert(struct store *store, enum table table, const void *row);
