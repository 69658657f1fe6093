/* SPDX-License-Identifier: MIT */
/*
 * The part of a model that is on the screen: which rows, from which line on, sorted by
 * what; and how keys change that. Does not write to the terminal.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rheaper-top/rows.h"

struct model;

enum view_page {
	PAGE_ROWS,
	PAGE_STACK, /* of the selected site */
	PAGE_HELP,
};

enum view_key {
	VIEW_UP,
	VIEW_DOWN,
	VIEW_PAGE_UP,
	VIEW_PAGE_DOWN,
	VIEW_HOME,
	VIEW_END,
	VIEW_ENTER,
	VIEW_ESCAPE,
};

struct view {
	struct model *model;
	enum view_page page;
	enum figure by;
	bool threads, paused, quit;
	uint32_t selected; /* row id */
	size_t position;   /* of that row, sorted */
	size_t first;      /* line of the page at the top of the screen */
	size_t height;     /* lines of a page */
	char **lines;      /* of a stack */
	size_t n_lines, n_lines_max;
};

void view_init(struct view *view, struct model *model, enum figure by, bool threads);
void view_fini(struct view *view);

/* Sort the rows again, and keep the same row selected. Returns 0 or -ENOMEM. */
int view_update(struct view *view);

/* Handle a key that is a character; and one of enum view_key. Both return 0 or
 * -ENOMEM. */
int view_type(struct view *view, int character);
int view_press(struct view *view, enum view_key key);

/* Return the number of lines of the page, without the header; and a line as text, which
 * is NULL if the line is a row. */
size_t view_n_lines(const struct view *view);
const char *view_line(const struct view *view, size_t line);

/* Return the last line of the screen, which says what keys do. */
const char *view_hint(const struct view *view);
