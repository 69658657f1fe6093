/* SPDX-License-Identifier: MIT */
/* What diff-text.c and diff-text-tree.c share. */
#pragma once

#include "report/diff.h"
#include "report/numbers.h"
#include "report/text-parts.h"

#include "report/diff-text.h"

struct diff_text {
	const struct screen *screen;
	const struct diff *diff;
	const struct diff_options *options;
	enum report_value value;
	double least;
	struct text_options names;
	struct text sides[N_SIDES]; /* for the names of each */
};

/* Make the state of writing a diff; diff_text_begin when it is where it stays. */
struct diff_text diff_text_make(const struct screen *screen, const struct diff *diff,
				const struct diff_options *options);
void diff_text_begin(struct diff_text *text);

/* Format a number of a value: blocks or bytes. */
struct number_text diff_figure(enum report_value value, double number);

/* Write which process a side is. */
void diff_write_side(const struct diff_text *text, enum diff_side side);

/* Write a row: the difference, both sides, and what it is about, cut to the line. */
void diff_row(const struct diff_text *text, const char *handle,
	      const struct diff_values *values, double variance, const char *what);

void diff_add(struct diff_values *sum, const struct diff_values *values);
