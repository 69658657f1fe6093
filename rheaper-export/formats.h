/* SPDX-License-Identifier: MIT */
/* The formats, each a function that writes a whole export. For main.c. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "database/profile.h"

struct format_options {
	enum profile_value value; /* that lines count, and that is shown first */
	const char *view;         /* whose rows, or */
	const char *query;        /* of which SELECT */
	bool raw;                 /* CSV: texts as they are */
};

typedef void format_fn(struct profile *profile, const struct format_options *options,
		       FILE *out);

format_fn collapsed_write;
format_fn pprof_write;
format_fn csv_write;
format_fn json_write;
