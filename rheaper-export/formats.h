/* SPDX-License-Identifier: MIT */
/* The formats of exports. Each is a function that writes a whole export to `out`. For
 * main.c. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "database/profile.h"

struct format_options {
	enum profile_value value; /* collapsed: the value of lines; pprof: shown first */
	bool short_names;         /* collapsed, pprof */
	const struct owner_table *owners; /* stacks end there; NULL: where they end */
	const char *view;     /* CSV, JSON: export the rows of this table or view, or */
	const char *query;    /* those of this SELECT */
	bool raw;             /* CSV: write texts unchanged */
	int64_t max_events;   /* Firefox: at most so many allocations and frees */
	struct choice choice; /* of the processes, which the profile has made, too */
};

typedef void format_fn(struct profile *profile, const struct format_options *options,
		       FILE *out);

format_fn collapsed_write;
format_fn pprof_write;
format_fn speedscope_write;
format_fn dhat_write;   /* of one process */
format_fn massif_write; /* the same */
format_fn firefox_write;
format_fn csv_write;
format_fn json_write;
