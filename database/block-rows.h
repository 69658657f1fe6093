/* SPDX-License-Identifier: MIT */
/*
 * The rows of lots as a table that SQLite can select from, once for each batch.
 * For store.c.
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

/* Make the table known to a connection, which *rows outlives. SQLite's code. */
int block_rows_register(sqlite3 *db, struct block_rows *rows);
