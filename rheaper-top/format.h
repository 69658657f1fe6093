/* SPDX-License-Identifier: MIT */
/* Formats numbers and header lines, for the screen and for plain text. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rheaper-top/rows.h"

struct model;

#define NUMBER_SIZE 32
#define HEADER_LINES 4
#define HEADER_SIZE 512

struct format {
	bool estimate; /* put "~" before numbers of blocks and bytes */
	bool brief;    /* write 12.3k, and not every digit */
};

/* Format a number into `text`, which has NUMBER_SIZE bytes. Returns the text. */
const char *format_number(char *text, double number, struct format format);

/* Format the figure of a row that belongs into a column. Otherwise the same. */
const char *format_figure(char *text, const struct row *row, enum figure figure,
			  struct format format);

/* Format the lines above the rows; control characters in them are escaped. Returns 0 or
 * -ENOMEM. */
int format_header(char lines[HEADER_LINES][HEADER_SIZE], const struct model *model,
		  struct format format);
