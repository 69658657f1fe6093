/* SPDX-License-Identifier: MIT */
/* Writes a diff as text: totals, then call sites by what became of them; or a tree. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "report/text.h"

struct diff;
struct screen;

struct diff_options {
	enum text_sort sort;
	size_t top;         /* rows of a table */
	double least;       /* smaller differences are not shown; in units of `sort` */
	double least_share; /* nor those that are less than this share of A's total */
	bool relative;      /* order by factors */
	bool full_names;
	const char *inputs[2]; /* what was compared */
};

void diff_write(const struct screen *screen, const struct diff *diff,
		const struct diff_options *options);

/* Write the merged call tree with the difference of each node. */
void diff_write_tree(const struct screen *screen, const struct diff *diff,
		     const struct diff_options *options);
