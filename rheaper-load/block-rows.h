/* SPDX-License-Identifier: MIT */
/*
 * The rows of a batch as a table that SQLite can select from, once for each batch.
 * For store.c.
 */
#pragma once

#include <sqlite3.h>

struct batch;

#define BLOCK_ROWS_TABLE "batch_rows"

struct block_rows {
	const struct batch *batch;
};

/* Make the table known to a connection, which *rows outlives. SQLite's code. */
int block_rows_register(sqlite3 *db, struct block_rows *rows);
