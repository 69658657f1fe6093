/* SPDX-License-Identifier: MIT */
/* Turns linkage names into names as they are written in the source. */
#pragma once

#include "common/map.h"

/*
 * Demangle a C++ (Itanium ABI) or Rust (legacy and v0) name, with its parameters. A C++
 * name that would become many times as long has neither parameters nor result type, and
 * an ellipsis for template arguments: its signature (signature.h) is that of the whole
 * name. Of local classes and static variables of one name in a function the second one
 * has [#2] behind its last part, and so on. Returns any other name as it is. The caller
 * frees *owned, which may be NULL, when the result is no longer needed.
 */
const char *demangle(const char *name, char **owned);

/* A cache of demangled names. A zeroed struct demangled is empty. */
struct demangled {
	struct map numbers; /* address of a name -> index of texts */
	char **texts;       /* NULL: the name is as it is */
	size_t n_texts, n_texts_max;
};

/*
 * Demangle a name, or return what it became before. The name is known by its address, so
 * its text must not change or move. `given`, unless it is NULL, is the function's own
 * name in debug information, or "" if that has none, which rust-name.h takes. The result
 * lives until demangled_fini.
 */
const char *demangled_get(struct demangled *demangled, const char *name,
			  const char *given);
void demangled_fini(struct demangled *demangled);
