/* SPDX-License-Identifier: MIT */
/*
 * Names functions of C++ that have no linkage name. gcc makes none for a function that is
 * local to a file and was inlined wherever it is called; its parameters tell it from
 * others of its name. For debug-info.c.
 */
#pragma once

#include <stddef.h>

#include <elfutils/libdw.h>

#include "common/map.h"

/* What was written, by the entry of the function. A zeroed one is empty, and writes
 * nothing. */
struct debug_names {
	size_t n_steps_left; /* how many entries may be looked at for all names */
	struct map numbers;  /* address of an entry -> index of texts */
	char **texts;        /* NULL: there is no name */
	size_t n_texts, n_texts_max;
};

/*
 * Return the name of a function with namespaces and parameters as demanglers write its
 * linkage name, "(anonymous namespace)::copy(char const*, unsigned long)". Takes the
 * entry of the function itself, not that of a call. NULL: the function is not one of C++
 * that is local to its file, there are no types (-g1), it is a template, a lambda or a
 * conversion, compilers write one of its types in several ways, or the name is longer
 * than 1,023 bytes. Looks through the unit for each type, once for a function. The result
 * lives until debug_names_fini.
 */
const char *debug_names_get(struct debug_names *names, Dwarf_Die *function);
void debug_names_fini(struct debug_names *names);
