// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "analysis/live.h"
#include "common/array.h"

#include "analysis/pair-rows.h"

struct pair_row_later {
	struct pair_row row;
	uint32_t chain;
};

struct pair_row pair_row_of(const struct live_block *block, enum block_end end)
{
	return (struct pair_row){
		.alloc_ns = block->alloc_ns,
		.lifetime_ns = -1,
		.size = block->size,
		.address = block->address,
		.stack = block->stack,
		.alloc_thread = block->thread,
		.leak_owner = PAIR_NO_OWNER,
		.inside = block->level ? block->inside : PAIR_NOT_INSIDE,
		.end = (uint8_t)end,
	};
}

bool pair_row_set_end(struct pair_row *row, int64_t ns)
{
	row->lifetime_ns = ns - row->alloc_ns;
	if (row->lifetime_ns >= 0)
		return true;
	row->lifetime_ns = 0;
	return false;
}

int pair_rows_put(struct pair_rows *l, const struct pair_row *row, uint32_t chain)
{
	int error = array_grow((void **)&l->rows, &l->n_rows_max, l->n_rows + 1,
			       sizeof(*l->rows));

	if (!error)
		l->rows[l->n_rows++] = (struct pair_row_later){*row, chain};
	return error;
}

bool pair_rows_take(struct pair_rows *l, struct pair_row *row, uint32_t *chain)
{
	if (l->next == l->n_rows) {
		l->next = l->n_rows = 0;
		return false;
	}
	*row = l->rows[l->next].row;
	*chain = l->rows[l->next++].chain;
	return true;
}

void pair_rows_fini(struct pair_rows *l)
{
	free(l->rows);
}
