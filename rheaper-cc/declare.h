/* SPDX-License-Identifier: MIT */
/*
 * Parses the allocation functions that the user declares: NAME:KIND[:freed-by=NAME], and
 * files of such lines.
 */
#pragma once

#include <stddef.h>

#include "contract/declared.h"

struct declared {
	char *name;            /* the symbol */
	char *freed_by;        /* the function that frees its blocks, NULL: free */
	const char *family;    /* constant; NULL: by freed_by */
	int is_told;           /* of a constant one */
	uint32_t family_flags; /* of contract/format.h */
	struct rhp_declared_spec spec;
};

struct declared_list {
	struct declared *function;
	size_t n, max;
};

/*
 * Adds the function that `text` declares, and replaces an earlier declaration of the same
 * name. Returns NULL, or what is wrong with the text.
 */
const char *declare(struct declared_list *list, const char *text);

/* Adds a function of a known allocator in the same way, but keeps an earlier
 * declaration. Its events say the family only if is_told. */
const char *declare_known(struct declared_list *list, const char *text,
			  const char *family, int is_told);

/* Adds the functions that a file declares, one on a line. Dies, naming the line, if one
 * is wrong. */
void declare_file(struct declared_list *list, const char *path);

/* Sets the families. Call it when all functions have been added. */
void declare_finish(struct declared_list *list);

void declared_fini(struct declared_list *list);
