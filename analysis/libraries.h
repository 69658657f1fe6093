/* SPDX-License-Identifier: MIT */
/* Tells the code of the C, C++ and Rust libraries from everybody else's. For owner.c and
 * database/owners.c. */
#pragma once

#include <stdbool.h>

/* Return whether a module is the C library or its loader, or the runtime library of C++
 * or Rust, by the name of its file. */
bool library_has_module(const char *path);

/* Return whether a function, demangled, is of one of these libraries: in a static
 * program, from a header, or inlined. */
bool library_has_function(const char *name);
