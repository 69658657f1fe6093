/* SPDX-License-Identifier: MIT */
/*
 * Where text goes: a terminal, with its width, colours and block characters; or a file or
 * pipe, which gets plain text that is never cut.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum screen_color {
	COLOR_AUTO, /* on a terminal, unless NO_COLOR is set or TERM is dumb */
	COLOR_ALWAYS,
	COLOR_NEVER,
};

struct screen {
	FILE *out;
	size_t width; /* SIZE_MAX: lines are not cut */
	bool colors;
	bool blocks; /* bars and sparklines are drawn */
	bool utf8;   /* by block characters, not by # */
};

/* Their names, as choices of an option. */
const char *screen_color_name(size_t i);

enum screen_style {
	STYLE_PLAIN,
	STYLE_STRONG, /* the figure that matters */
	STYLE_DIM,
	STYLE_BAD,
};

/*
 * Make a screen of standard output. `width` 0: COLUMNS, or the terminal's width, or 80.
 * Call setlocale first.
 */
struct screen screen_open(enum screen_color color, size_t width);

/* Send standard output through RHEAPER_PAGER, PAGER or less, if it is a terminal and
 * `wanted` says so. Call it before screen_open's screen is used. */
void screen_page(struct screen *screen, bool wanted);

/* Wait for the pager, if there is one. */
void screen_close(void);

void screen_style(const struct screen *screen, enum screen_style style);

/* Return how many columns a text of valid UTF-8 takes. */
size_t screen_columns(const char *text);

/* Write a text as it is, but escaped as screen_cut does. */
void screen_put(const struct screen *screen, const char *text);

/* Copy a text, cut in the middle to so many columns, for the caller to free. Characters
 * that could control the terminal are escaped. */
char *screen_cut(const struct screen *screen, const char *text, size_t columns);

/* Write a paragraph in lines that fit, of which all but the first begin with so many
 * spaces. `column` is where the first one begins. */
void screen_wrap(const struct screen *screen, const char *text, size_t column,
		 size_t indent);

/* Write a bar of up to `columns` columns for a share from 0 to 1, and spaces behind. */
void screen_bar(const struct screen *screen, double share, size_t columns);

/* Write n values as one column each; the highest is full. Values are the largest of those
 * that fall into a column. */
void screen_spark(const struct screen *screen, const double *values, size_t n,
		  size_t columns);
