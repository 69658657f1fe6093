/* SPDX-License-Identifier: MIT */
/* A line of text that is put together in a buffer, without stdio. What does not fit is
 * cut off. */
#pragma once

#include <stdint.h>

#include "runtime/cc.h"

struct rhp_line {
	char *at, *end; /* where the text goes on, and the end of the buffer */
};

/* Add to the line. It always ends with a NUL, at `at`. */
HIDDEN void rhp_line_add(struct rhp_line *line, const char *text);
HIDDEN void rhp_line_add_number(struct rhp_line *line, uint64_t n);
