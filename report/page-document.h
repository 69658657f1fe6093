/* SPDX-License-Identifier: MIT */
/* The document around the data of a page. For page.c and page-diff.c. */
#pragma once

#include <stddef.h>

/*
 * Make the document: `encoded` is a bundle (bundle.h), `summary` a line for browsers
 * without scripts. Title and summary may be any text. The caller frees the result, which
 * has *size bytes.
 */
char *document_make(const char *title, const char *summary, const char *encoded,
		    size_t *size);

/*
 * A page that has `size` bytes is to have at most max_size, 0: any. Returns 0 if it has,
 * else the next threshold to fold nodes by. Dies if no threshold makes it small enough.
 */
double document_next_threshold(size_t size, size_t max_size, double threshold);
