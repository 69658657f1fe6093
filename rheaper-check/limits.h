/* SPDX-License-Identifier: MIT */
/*
 * How much more than in the baseline is no finding, and how much is too much in any
 * case: what --max-growth and --limit say.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rheaper-check/measure.h"

struct limit {
	bool asked;
	double percent; /* of what was */
	int64_t amount; /* or so much */
};

struct limits {
	struct limit site_growth[N_AMOUNTS]; /* of leaks: 0 if it is not asked */
	struct limit growth[N_AMOUNTS];      /* of a program */
	struct limit most[N_AMOUNTS];        /* of a program */
};

/* Take "NAME=AMOUNT" of the option. NULL, or why it is wrong. */
const char *limits_take_growth(struct limits *limits, const char *words);
const char *limits_take_most(struct limits *limits, const char *words);

/* What may be where `before` was. */
int64_t limit_apply(const struct limit *limit, int64_t before);
