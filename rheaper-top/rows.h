/* SPDX-License-Identifier: MIT */
/*
 * What is shown line by line, a call site or a thread: figures that change, in columns
 * which the screen and the text share.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum figure {
	FIGURE_LIVE_BYTES,
	FIGURE_LIVE_BLOCKS,
	FIGURE_BYTES,
	FIGURE_ALLOCATIONS,
	FIGURE_RATE,      /* allocations a second, over the last interval */
	FIGURE_TEMPORARY, /* per cent of the allocations; of sites only */
	N_FIGURES
};

/* A column: its word on the command line and in JSON, its title in text and on the
 * screen, the key that sorts. */
struct column {
	const char *name, *title, *brief;
	char key;
	bool sites_only;
	bool exact; /* even if the trace was sampled: not an estimate of a total */
};
extern const struct column columns[N_FIGURES];

struct row {
	double figures[N_FIGURES];
	double allocations_before;
	uint32_t id; /* of the site or thread */
};

struct rows {
	struct row *rows; /* by id */
	size_t n, n_max;
	const struct row **sorted; /* those that ever allocated */
	size_t n_sorted, n_sorted_max;
};

/* A row more, with the next id; NULL: out of memory. A zeroed struct rows is empty. */
struct row *rows_add(struct rows *rows);
void rows_fini(struct rows *rows);

/* When the totals of a row have been set: what follows from them. */
void row_finish(struct row *row, double temporary, double seconds);

/* Sort, the largest first, into rows->sorted. 0 or -ENOMEM. */
int rows_sort(struct rows *rows, enum figure by);
