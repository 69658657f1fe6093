/* SPDX-License-Identifier: MIT */
/*
 * The rows of a view, one for each call site or thread, and their columns, which the
 * screen and the text share.
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
	FIGURE_RATE,      /* allocations per second, in the last interval */
	FIGURE_TEMPORARY, /* percentage of the allocations; sites only */
	N_FIGURES
};

/* A column: its name in options and JSON, its titles in text and on the screen, and the
 * key that sorts by it. */
struct column {
	const char *name, *title, *brief;
	char key;
	bool sites_only;
	bool exact; /* not an estimate, even if the trace is a sample */
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

/* Add a row, with the next id. Returns NULL if memory runs out. A zeroed struct rows is
 * empty. */
struct row *rows_add(struct rows *rows);
void rows_fini(struct rows *rows);

/* Compute the figures of a row that follow from its totals, which have been set:
 * `seconds` is the length of the interval. */
void row_finish(struct row *row, double temporary, double seconds);

/* Sort the rows into rows->sorted, the largest first. Returns 0 or -ENOMEM. */
int rows_sort(struct rows *rows, enum figure by);
