/* SPDX-License-Identifier: MIT */
/*
 * Makes the rows of pair.c, and keeps those that came with others until somebody takes
 * them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/pair.h"

struct live_block;
struct pair_row_later;

struct pair_rows {
	struct pair_row_later *rows;
	size_t n_rows, n_rows_max, next;
};

/* Return the row of a block that ended so, without a lifetime. */
struct pair_row pair_row_of(const struct live_block *block, enum block_end end);

/* Set the lifetime of a block that ended at `ns`. Returns false if the clock says that
 * this was before it began: then it is 0. */
bool pair_row_set_end(struct pair_row *row, int64_t ns);

/* Put a row behind the others, with the number of its block's chain of reallocs, or 0.
 * Returns 0 or -ENOMEM. A zeroed struct pair_rows is empty. */
int pair_rows_put(struct pair_rows *rows, const struct pair_row *row, uint32_t chain);

/* Take the first one. Returns false if there is none. */
bool pair_rows_take(struct pair_rows *rows, struct pair_row *row, uint32_t *chain);

void pair_rows_fini(struct pair_rows *rows);
