// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"

#include "rheaper-top/rows.h"

const struct column columns[N_FIGURES] = {
	[FIGURE_LIVE_BYTES] = {"live-bytes", "LIVE BYTES", "LIVE", 'l', false, false},
	[FIGURE_LIVE_BLOCKS] = {"live-blocks", "LIVE BLOCKS", "BLOCKS", 'b', false,
				false},
	[FIGURE_BYTES] = {"bytes", "ALL BYTES", "BYTES", 'B', false, false},
	[FIGURE_ALLOCATIONS] = {"allocations", "ALL BLOCKS", "ALLOCS", 'a', false, false},
	[FIGURE_RATE] = {"rate", "BLOCKS/S", "ALLOC/S", 'r', false, false},
	[FIGURE_TEMPORARY] = {"temporary", "TEMP%", "TEMP%", 'T', true, true},
};

struct row *rows_add(struct rows *rows)
{
	struct row *row;

	if (array_grow((void **)&rows->rows, &rows->n_max, rows->n + 1,
		       sizeof(*rows->rows)))
		return NULL;
	row = &rows->rows[rows->n];
	row->id = (uint32_t)rows->n++;
	return row;
}

void rows_fini(struct rows *rows)
{
	free(rows->rows);
	free(rows->sorted);
	*rows = (struct rows){0};
}

void row_finish(struct row *row, double temporary, double seconds)
{
	double allocations = row->figures[FIGURE_ALLOCATIONS];

	row->figures[FIGURE_TEMPORARY] =
		allocations > 0 ? 100 * temporary / allocations : 0;
	row->figures[FIGURE_RATE] =
		seconds > 0 ? (allocations - row->allocations_before) / seconds : 0;
	row->allocations_before = allocations;
}

static int compare_rows(const void *left, const void *right, void *context)
{
	const struct row *a = *(const struct row *const *)left;
	const struct row *b = *(const struct row *const *)right;
	enum figure by = *(const enum figure *)context;

	if (a->figures[by] != b->figures[by])
		return a->figures[by] > b->figures[by] ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

int rows_sort(struct rows *rows, enum figure by)
{
	if (array_grow((void **)&rows->sorted, &rows->n_sorted_max, rows->n + 1,
		       sizeof(struct row *)))
		return -ENOMEM;
	rows->n_sorted = 0;
	for (size_t i = 0; i < rows->n; i++) {
		if (rows->rows[i].figures[FIGURE_ALLOCATIONS] > 0)
			rows->sorted[rows->n_sorted++] = &rows->rows[i];
	}
	qsort_r(rows->sorted, rows->n_sorted, sizeof(struct row *), compare_rows, &by);
	return 0;
}
