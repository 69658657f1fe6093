/* SPDX-License-Identifier: MIT */
/*
 * Allocator functions that the user declares: NAME:KIND[:freed-by=NAME], and
 * files of such lines. Pure but for the reading of files.
 */
#pragma once

#include <stddef.h>

#include "wrap/declared.h"

struct declared {
	char *name;         /* the symbol */
	char *freed_by;     /* the function that frees its blocks, NULL: free */
	const char *family; /* constant; NULL: by freed_by */
	struct rhp_declared_spec spec;
};

struct declared_list {
	struct declared *function;
	size_t n, max;
};

/*
 * Adds the function that `text` declares. A name that is declared already is
 * replaced. NULL, or what is wrong with it.
 */
const char *declare(struct declared_list *list, const char *text);

/* The same for a function of a known allocator, unless it is declared. */
const char *declare_known(struct declared_list *list, const char *text,
			  const char *family);

/* Adds what a file declares, a function on a line; dies of what is wrong. */
void declare_file(struct declared_list *list, const char *path);

/* Fills in the families, once every function is known. */
void declare_finish(struct declared_list *list);

void declared_fini(struct declared_list *list);
