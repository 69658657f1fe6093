/* SPDX-License-Identifier: MIT */
/* Linkage names as their programmers wrote them. */
#pragma once

/*
 * The demangled form of a C++ (Itanium ABI) or Rust (legacy and v0) name, with
 * its parameters; any other name as it is. *owned is what the caller frees once
 * the result is no longer used, or NULL.
 */
const char *demangle(const char *name, char **owned);
