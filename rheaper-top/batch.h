/* SPDX-License-Identifier: MIT */
/* The view as plain text, one after the other, and once as JSON; on standard output. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rheaper-top/rows.h"

struct model;

struct batch_options {
	size_t n_views; /* 0: until the process has ended */
	size_t n_rows;  /* 0: all */
	int delay_ms;
	enum figure by;
	bool threads;
};

/* Print views until there were enough. 0, or an error of model_poll. */
int batch_run(struct model *model, const struct batch_options *options);

/* Read what is there, and print all of it as JSON. The same. */
int batch_json(struct model *model, enum figure by);
