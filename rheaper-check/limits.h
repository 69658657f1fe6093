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

/* Take "NAME=AMOUNT" of the option. Die of others. */
void limits_take_growth(struct limits *limits, const char *words);
void limits_take_most(struct limits *limits, const char *words);

/* "5", "10K", "3M", "1G": a number that is not negative. False: it is something else. */
bool limits_parse_amount(const char *text, int64_t *amount);

/* What may be where `before` was. */
int64_t limit_apply(const struct limit *limit, int64_t before);
