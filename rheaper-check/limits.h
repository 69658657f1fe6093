/* SPDX-License-Identifier: MIT */
/*
 * The limits that --max-growth and --limit set: how much an amount may grow since the
 * baseline, and how large it may be at most.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rheaper-check/measure.h"

struct limit {
	bool asked;
	double percent; /* of the amount in the baseline */
	int64_t amount; /* or an absolute number; the other is 0 */
};

struct limits {
	struct limit site_growth[N_AMOUNTS]; /* leaks may not grow if it is not asked */
	struct limit growth[N_AMOUNTS];      /* of a program */
	struct limit most[N_AMOUNTS];        /* of a program */
};

/* Parse the argument "NAME=AMOUNT" of --max-growth or --limit. Returns NULL, or why it is
 * wrong. */
const char *limits_take_growth(struct limits *limits, const char *words);
const char *limits_take_most(struct limits *limits, const char *words);

/* Return whether any growth is limited, which needs a baseline. */
bool limits_need_baseline(const struct limits *limits);

/* Return whether any amount of a program is limited. */
bool limits_any(const struct limits *limits);

struct baseline;

/* Die if a baseline, which was read from `path`, has an amount nowhere whose growth is
 * limited: nothing would ever be compared. */
void limits_check_baseline(const struct limits *limits, const struct baseline *baseline,
			   const char *path);

/* Return the largest amount that a limit of growth allows if the baseline has
 * `before`. */
int64_t limit_apply(const struct limit *limit, int64_t before);
