/* SPDX-License-Identifier: MIT */
/* What the parts of the text share: text.c, text-sites.c, text-tree.c, text-site.c. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "report/model.h"
#include "report/screen.h"
#include "report/text.h"

struct text {
	const struct screen *screen;
	const struct report *report;
	const struct text_options *options;
};

/* Return the name of a function, as the options want it. */
const char *text_function(const struct text *text, uint32_t function);

/* Return where a frame is, as in "push  json.cc:212", for the caller to free. */
char *text_place(const struct text *text, uint32_t frame);

/* Return how memory comes to a site, as in "malloc ← xmalloc ← push  json.cc:212", or
 * only the site if that takes more columns. The caller frees it. */
char *text_owner(const struct text *text, const struct report_site *site, size_t columns);

/* Write a line of its own above a table or list. */
void text_heading(const struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Write the sites that have most of a value, at most `top`, and the sum of the others. */
void text_sites(const struct text *text, enum text_sort sort, size_t top);

/* Write what of the process was in memory, and what its heap snapshots tell. */
void text_memory(const struct text *text);

/* Write a row of a table: figures, then what they are about, cut to the line. */
struct text_row {
	const char *handle;
	double share; /* of the bar */
	const char *figure, *percent, *blocks;
	double error; /* of an estimate: its share of the figure, 0: none is known */
	const double *series; /* or NULL */
	const char *what;
};
void text_row(const struct text *text, const struct text_row *row);
