/* SPDX-License-Identifier: MIT */
/* Numbers and lines of text, for the screen and for the text alike. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rheaper-top/rows.h"

struct model;

#define NUMBER_SIZE 32
#define HEADER_LINES 4
#define HEADER_SIZE 512

struct format {
	bool estimate; /* numbers of blocks and bytes are: they begin with "~" */
	bool brief;    /* 12.3k, and not every digit */
};

/* A number into a text of NUMBER_SIZE. Returns the text. */
const char *format_number(char *text, double number, struct format format);

/* The same, of a column. */
const char *format_figure(char *text, const struct row *row, enum figure figure,
			  struct format format);

/* What stands above the rows; the texts are harmless to a terminal. 0 or -ENOMEM. */
int format_header(char lines[HEADER_LINES][HEADER_SIZE], const struct model *model,
		  struct format format);
