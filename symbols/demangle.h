/* SPDX-License-Identifier: MIT */
/* Linkage names as their programmers wrote them. */
#pragma once

#include "common/map.h"

/*
 * The demangled form of a C++ (Itanium ABI) or Rust (legacy and v0) name, with
 * its parameters; any other name as it is, and one that would become many times as
 * long. *owned is what the caller frees once the result is no longer used, or NULL.
 */
const char *demangle(const char *name, char **owned);

/* Demangled names, each made once. All zeros has none. */
struct demangled {
	struct map numbers; /* address of a name -> index of texts */
	char **texts;       /* NULL: the name is as it is */
	size_t n_texts, n_texts_max;
};

/* The same for a name that stays where it is, and the result until demangled_fini. */
const char *demangled_get(struct demangled *demangled, const char *name);
void demangled_fini(struct demangled *demangled);
