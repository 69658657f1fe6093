/* SPDX-License-Identifier: MIT */
/*
 * The blocks that pair.c gives, as a table that SQLite can select from once.
 * For store.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "rheaper-load/pair.h"

#define BLOCK_ROWS_TABLE "ended_blocks"

struct block_rows {
	struct pair *pair;
	void (*progress)(void *context, uint64_t n_rows); /* or NULL */
	void *context;
	/* Set by the table: */
	struct pair_row row;
	uint64_t n_rows;
	bool end;
	int error; /* of pair_next */
	/* Rows whose free said another size; the caller frees them. */
	struct wrong_size {
		uint64_t row, size;
	} * wrong_sizes;
	size_t n_wrong_sizes, n_wrong_sizes_max;
};

/* Make the table known to a connection, which *rows outlives. SQLite's code. */
int block_rows_register(sqlite3 *db, struct block_rows *rows);
