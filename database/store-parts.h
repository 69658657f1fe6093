/* SPDX-License-Identifier: MIT */
/* Inside of the store, shared by store.c (blocks) and store-rows.c (all the rest). */
#pragma once

#include <sqlite3.h>

#include "database/block-rows.h"
#include "database/store.h"

enum statement {
	INSERT_RUN,
	INSERT_PROCESS,
	INSERT_THREAD,
	INSERT_MODULE,
	INSERT_MAPPING,
	INSERT_FUNCTION,
	INSERT_FRAME,
	INSERT_STACK,
	INSERT_STACK_TOTAL,
	INSERT_STACK_FRAME,
	INSERT_TOP_DOWN,
	INSERT_BOTTOM_UP,
	INSERT_LOT,
	INSERT_CHAIN,
	INSERT_MARKER,
	INSERT_SCOPE,
	INSERT_SCOPE_CHANGE,
	INSERT_LOSS,
	INSERT_TOTAL,
	INSERT_TIMELINE,
	INSERT_BLOCKS,
	N_STATEMENTS
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[N_STATEMENTS];
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

/*
 * Bind and run: i: int64_t, z: int64_t with NULL for 0, f: double, t: const char *,
 * UTF-8 or NULL.
 */
void store_insert(struct store *store, enum statement which, const char *types, ...);
