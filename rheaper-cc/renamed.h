/* SPDX-License-Identifier: MIT */
/* Copies of a compiled object (template.h) in which symbols have other names. */
#pragma once

#include "rheaper-cc/template.h"

struct elf_layout;

struct renamed_template {
	struct bytes object;
	const struct elf_layout *layout;
	size_t symbols, n_symbols; /* offset of the symbol table */
	size_t strings;            /* offset of its string table's section header */
};

struct renaming {
	const char *from, *to;
	int weak; /* the symbol becomes weak */
};

/* Reads librheaper-NAME<suffix>.a in `archive_dir`. Dies if it has no such object. The
 * caller frees t->object.at. */
void renamed_read(struct renamed_template *t, const char *archive_dir, const char *name,
		  const char *suffix);

/* Returns a copy with `n` symbols renamed; the caller frees it. */
struct bytes renamed_copy(const struct renamed_template *t, const struct renaming *list,
			  size_t n);
