/* SPDX-License-Identifier: MIT */
/*
 * The parts of making a page: page-names.c (texts that are shown, numbered anew),
 * page-tables.c and page-holders.c (columns), page-text.c (the JSON text), page.c (the
 * document).
 */
#pragma once

#include "report/bundle.h"
#include "report/page.h"
#include "report/prune.h"

struct json;

struct making {
	const struct report *report;
	const struct page_options *options;
	struct pruned pruned;
	struct bundle bundle;
	struct strings strings; /* of the page */
	/* Numbers in the page, plus 1, of what is used; 0: not yet */
	uint32_t *function, *frame;
	uint32_t *functions, *frames; /* of the report, in the order of the page */
	size_t n_functions, n_functions_max, n_frames, n_frames_max;
	char **modules; /* paths as the page shows them */
	size_t n_folded_holders;
};

/* Begin and end to make a page of a pruned report. */
void page_names_init(struct making *making);
void page_names_fini(struct making *making);

/* Return the number of a text of the report in the page. */
uint32_t page_string(struct making *making, uint32_t text);

/* Return the number of a frame in the page. */
uint32_t page_frame(struct making *making, uint32_t frame);

/* Return a path as the page shows it, for the caller to free: without its directories, if
 * paths are redacted. */
char *page_path(const struct making *making, const char *path);

/* Add all columns to the bundle. */
void page_add_tables(struct making *making);

/* Add what holds what, if there is a heap snapshot; and say which one, after that. */
void page_add_holders(struct making *making);
void page_write_holders(const struct making *making, struct json *json);

/* Write the JSON text of a struct making; all columns must be there. */
void page_write_text(void *making, struct json *json);
