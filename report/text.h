/* SPDX-License-Identifier: MIT */
/* Writes a report as text: an overview, a table of call sites, a tree, or one site. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "report/model.h"

struct screen;

enum text_sort {
	SORT_PEAK,      /* bytes live at the peak */
	SORT_BYTES,     /* bytes allocated */
	SORT_COUNT,     /* blocks allocated */
	SORT_TEMPORARY, /* blocks freed next by their thread */
	SORT_LEAKED,    /* bytes not freed at the end */
	N_TEXT_SORTS
};

/* Their names as words of options, and as titles. */
extern const char *const text_sort_names[N_TEXT_SORTS];
extern const char *const text_sort_titles[N_TEXT_SORTS];

/* The same names as choices of an option. */
const char *text_sort_name(size_t i);

/* The value of sites and nodes that belongs to it. */
enum report_value text_sort_value(enum text_sort sort);

struct text_options {
	enum text_sort sort;
	bool is_sorted;    /* only the call sites, by `sort` */
	size_t top;        /* rows of a table */
	bool full_names;   /* do not fold template arguments and the like */
	bool callers;      /* of the tree: from the allocating function outwards */
	const char *input; /* what was read, for the commands that are proposed */
};

/* Write the overview; if is_sorted, the call sites. */
void text_write(const struct screen *screen, const struct report *report,
		const struct text_options *options);

/* Write the call tree with the share of each node. */
void text_write_tree(const struct screen *screen, const struct report *report,
		     const struct text_options *options);

/* Write all about a site, by its handle: s17 or 17. Returns false if there is none. */
bool text_write_site(const struct screen *screen, const struct report *report,
		     const struct text_options *options, const char *handle);
