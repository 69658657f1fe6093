/* SPDX-License-Identifier: MIT */
/* Prints views on standard output: as plain text, one after the other, or once as
 * JSON. */
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

/* Print views as text until there are n_views of them or the process has ended. Returns 0
 * or an error of model_poll. */
int batch_run(struct model *model, const struct batch_options *options);

/* Read all that the trace has now, and print it as JSON. Returns 0 or an error of
 * model_poll. */
int batch_json(struct model *model, enum figure by);
