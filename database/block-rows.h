/* SPDX-License-Identifier: MIT */
/*
 * Shows the rows of lots to SQLite as a virtual table, so that one statement writes a
 * whole batch. For store.c.
 */
#pragma once

#include <sqlite3.h>

struct lots;

#define BLOCK_ROWS_TABLE "lot_rows"
/* Its columns, which are columns of blocks, in the order of enum block_column */
#define BLOCK_ROWS_COLUMNS "alloc_ns, lifetime_ns, size, address"

struct block_rows {
	const struct lots *lots;
};

/* Add the table to a connection, which *rows must outlive. Returns a result code of
 * SQLite. */
int block_rows_register(sqlite3 *db, struct block_rows *rows);
