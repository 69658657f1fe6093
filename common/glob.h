/* SPDX-License-Identifier: MIT */
/* Matches patterns of names. */
#pragma once

#include <stdbool.h>

/* Return whether a whole text matches a pattern, in which * is any text and ? any
 * character. */
bool glob_fits(const char *pattern, const char *text);

/* The same, in which ? is itself. */
bool glob_fits_stars(const char *pattern, const char *text);
