// SPDX-License-Identifier: MIT
#include <string.h>

#include "common/glob.h"

/* Where a star was is remembered: only the last one can have to take more. */
static bool fits(const char *pattern, const char *text, char any)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern && (*pattern == any || *pattern == *text)) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == 0;
}

bool glob_fits(const char *pattern, const char *text)
{
	return fits(pattern, text, '?');
}

bool glob_fits_stars(const char *pattern, const char *text)
{
	return fits(pattern, text, 0);
}
