/* SPDX-License-Identifier: MIT */
/*
 * Two reports side by side: their call sites matched, and their call trees merged, with
 * the values of both. For diff-text.h and diff-json.h.
 *
 * Functions of the two are the same if their names are, without template arguments,
 * parameters and the compiler's suffixes (symbols/signature.h): so a rebuild does not
 * part them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/model.h"

enum diff_side {
	SIDE_A,
	SIDE_B,
	N_SIDES
};

/* A function of one of the reports, or of both. */
struct diff_function {
	enum diff_side side; /* whose name it is shown by: B's, if that has it */
	uint32_t function;   /* of that report */
};

/* Values of both sides, as enum report_value numbers them. */
struct diff_values {
	double of[N_SIDES][N_REPORT_VALUES];
};

/* A site of A, of B, or of both. */
struct diff_change {
	uint32_t site[N_SIDES]; /* of the reports, plus 1; 0: that side has none */
	bool is_renamed;        /* its owning function has another name in B */
	struct diff_values values;
	double variances[N_REPORT_VALUES]; /* of the differences, of estimates */
};

struct diff {
	const struct report *sides[N_SIDES];
	struct diff_function *functions; /* 0 is none */
	size_t n_functions, n_functions_max;
	struct strings names;     /* of functions, as they are compared; same numbers */
	uint32_t *plain[N_SIDES]; /* function of a report -> function here */
	struct nodes tree;        /* with functions for frames; what starts is left out */
	struct diff_values *own;  /* of each node, of itself alone */
	struct diff_change *changes;
	size_t n_changes;
};

/* Compare two reports, which must live as long as the result. Dies if memory runs out. */
struct diff diff_make(const struct report *a, const struct report *b);
void diff_fini(struct diff *diff);

/* The difference of a value, B's minus A's. */
static inline double diff_of(const struct diff_values *values, enum report_value value)
{
	return values->of[SIDE_B][value] - values->of[SIDE_A][value];
}

enum diff_status {
	DIFF_SAME,
	DIFF_GROWN,
	DIFF_SHRUNK,
	DIFF_NEW,  /* only B has the site */
	DIFF_GONE, /* only A has it */
	N_DIFF_STATUSES
};

extern const char *const diff_status_names[N_DIFF_STATUSES];

/* What became of a site, by one of its values. */
enum diff_status diff_status(const struct diff_change *change, enum report_value value);

/* Return the numbers of changes, those with the largest difference first; `relative`:
 * with the largest one for its size. The caller frees the array. */
size_t *diff_order(const struct diff *diff, enum report_value value, bool relative);
