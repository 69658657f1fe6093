/* SPDX-License-Identifier: MIT */
/* A set of texts, each kept once and known by its number. Dies if memory runs out. */
#pragma once

#include <stdint.h>

#include "analysis/tree.h"

struct strings {
	struct names names;
};

/* Make a set that has the empty text, number 0. */
void strings_init(struct strings *strings);
void strings_fini(struct strings *strings);

/* Return the number of a text, which is added if it is new. NULL is the empty text. */
uint32_t strings_add(struct strings *strings, const char *text);

static inline const char *strings_get(const struct strings *strings, uint32_t number)
{
	return strings->names.texts[number];
}
