// SPDX-License-Identifier: MIT
/*
 * A block counts as allocated in one window, and as live in a range of them: the range is
 * two changes, which are added up when all blocks were seen. So a pass over the blocks
 * serves as many windows as there is memory for.
 */
#include <math.h>
#include <stdlib.h>

#include "analysis/tally.h"
#include "common/cli.h"
#include "common/map.h"
#include "database/profile-parts.h"
#include "database/rows.h"

#include "database/windows.h"

#define MEMORY ((size_t)64 << 20)

struct cell {
	double values[WINDOWS_N_VALUES];
	double n[2], variance[2];
};

struct windows {
	struct map rows; /* by stack */
	struct cell *cells;
	size_t n_rows, n_windows;
	int64_t length_ns, first;
};

struct block {
	int64_t stack, alloc_ns;
	int64_t lifetime_ns; /* -1: to the end, or unknown */
	int64_t size;
	bool known; /* when it ended */
	double weight;
};

static const struct row_column columns[] = {
	ROW_COLUMN(block, stack, "l.stack"),
	ROW_COLUMN(block, weight, "l.weight"),
	ROW_COLUMN(block, known, "e.known"),
	ROW_COLUMN(block, alloc_ns, "b.alloc_ns"),
	ROW_NULLABLE(block, lifetime_ns, "b.lifetime_ns", -1),
	ROW_COLUMN(block, size, "b.size"),
};
static const struct row_list list = ROW_LIST(columns);

struct count {
	int64_t n;
};

static size_t count_stacks(struct profile *profile)
{
	static const struct row_column count_columns[] = {
		ROW_COLUMN(count, n, "count(DISTINCT stack)")};
	static const struct row_list count_list = ROW_LIST(count_columns);
	struct rows *rows = choice_open(&profile->database, &profile->choice, &count_list,
					"FROM lots WHERE process IN " CHOICE_PROCESSES);
	struct count count = {0};

	rows_next(rows, &count);
	rows_close(rows);
	return count.n > 0 ? (size_t)count.n : 1;
}

size_t windows_count(int64_t duration_ns, int64_t length_ns)
{
	return duration_ns > 0 ? (size_t)(duration_ns / length_ns) + 1 : 1;
}

static struct cell *row_of(struct windows *w, int64_t stack)
{
	uint32_t row = map_get(&w->rows, (uint64_t)stack);

	if (row == MAP_NONE) {
		row = (uint32_t)w->n_rows++;
		if (map_put(&w->rows, (uint64_t)stack, row))
			die("cut windows: out of memory");
	}
	return w->cells + (size_t)row * w->n_windows;
}

/* In which window a time is; negative: before the first one. */
static int64_t window_of(const struct windows *w, int64_t ns)
{
	return (ns > 0 ? ns / w->length_ns : 0) - w->first;
}

/* Add a block, or (sign -1) take it away. live: of what was live, not allocated */
static void add(struct cell *cell, int live, int sign, const struct block *block)
{
	double bytes = block->weight * (double)block->size;
	double variance = tally_variance(block->weight, (uint64_t)block->size);

	cell->values[live ? PROFILE_LIVE_BLOCKS : PROFILE_ALLOCATIONS] +=
		sign * block->weight;
	cell->values[live ? PROFILE_LIVE_BYTES : PROFILE_BYTES] += sign * bytes;
	cell->n[live] += sign;
	cell->variance[live] += sign * variance;
}

static void take_block(struct windows *w, const struct block *block)
{
	int64_t n = (int64_t)w->n_windows, begin = window_of(w, block->alloc_ns), end = n;
	struct cell *row;

	if (begin >= n)
		return;
	if (block->lifetime_ns >= 0 &&
	    !__builtin_add_overflow(block->alloc_ns, block->lifetime_ns, &end))
		end = window_of(w, end);
	else if (!block->known)
		end = begin;
	row = row_of(w, block->stack);
	if (begin >= 0)
		add(row + begin, 0, 1, block);
	if (begin < 0)
		begin = 0;
	if (end <= begin)
		return;
	add(row + begin, 1, 1, block);
	if (end < n)
		add(row + end, 1, -1, block);
}

static void add_up_changes(struct windows *w)
{
	for (size_t i = 0; i < w->n_rows * w->n_windows; i++) {
		if (i % w->n_windows == 0)
			continue;
		for (int v = PROFILE_LIVE_BLOCKS; v <= PROFILE_LIVE_BYTES; v++)
			w->cells[i].values[v] += w->cells[i - 1].values[v];
		w->cells[i].n[1] += w->cells[i - 1].n[1];
		w->cells[i].variance[1] += w->cells[i - 1].variance[1];
	}
}

struct windows *windows_read(struct profile *profile, int64_t length_ns, size_t first,
			     size_t *n)
{
	size_t n_stacks = count_stacks(profile);
	size_t fit = MEMORY / sizeof(struct cell) / n_stacks;
	struct windows *w = calloc(1, sizeof(*w));
	struct block block = {0};
	struct rows *rows;

	if (*n > fit)
		*n = fit ? fit : 1;
	if (w)
		w->cells = calloc(n_stacks * *n, sizeof(*w->cells));
	if (!w || !w->cells)
		die("cut windows: out of memory");
	w->n_windows = *n;
	w->length_ns = length_ns;
	w->first = (int64_t)first;
	rows = choice_open(
		&profile->database, &profile->choice, &list,
		"FROM lots l CROSS JOIN block_endings e ON e.ending = l.ending"
		" CROSS JOIN blocks b ON b.block BETWEEN l.first_block AND l.last_block"
		" WHERE l.process IN " CHOICE_PROCESSES);
	while (rows_next(rows, &block))
		take_block(w, &block);
	rows_close(rows);
	add_up_changes(w);
	return w;
}

void windows_get(const struct windows *w, int64_t stack, size_t window,
		 struct windows_values *values)
{
	uint32_t row = map_get(&w->rows, (uint64_t)stack);
	const struct cell *cell;

	*values = (struct windows_values){0};
	if (row == MAP_NONE)
		return;
	cell = &w->cells[row * w->n_windows + window];
	for (int v = 0; v < WINDOWS_N_VALUES; v++)
		values->values[v] = llround(cell->values[v]);
	for (int live = 0; live < 2; live++) {
		values->n[live] = llround(cell->n[live]);
		/* What is left of sums whose terms were taken away is rounding alone */
		if (values->n[live] && cell->variance[live] > 0)
			values->variance[live] = cell->variance[live];
	}
}

void windows_free(struct windows *w)
{
	map_fini(&w->rows);
	free(w->cells);
	free(w);
}
