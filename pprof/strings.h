/* SPDX-License-Identifier: MIT */
/* Numbers of texts, from 0, in the order in which they come. Dies if memory runs out. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A zeroed struct strings has none. */
struct strings {
	void *tree;
	int64_t n;
};

/* Return the number of a text; *is_new says whether it came for the first time. */
int64_t strings_number(struct strings *strings, const char *text, bool *is_new);
void strings_fini(struct strings *strings);
