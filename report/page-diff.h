/* SPDX-License-Identifier: MIT */
/* Writes a comparison of two reports as one HTML file, like page.h. */
#pragma once

#include <stdio.h>

#include "report/diff.h"
#include "report/page.h"

/* Write the page. Dies if it cannot be made as small as options->max_size. */
void page_write_diff(FILE *out, const struct diff *diff,
		     const struct page_options *options);
