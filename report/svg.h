/* SPDX-License-Identifier: MIT */
/*
 * Writes the call tree of a report as a flame graph: one SVG picture without scripts, for
 * a README or a bug report. Names are in it as text.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "report/model.h"

/* Draw a value of the tree: from main downwards, or, with `callers`, from what allocates
 * outwards. Boxes that are too narrow to be seen are left out. `title` says what it is.
 */
void svg_write(FILE *out, const struct report *report, enum report_value value,
	       bool callers, const char *title);
