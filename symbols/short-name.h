/* SPDX-License-Identifier: MIT */
/* Makes a name that fits a line of a report out of a demangled one. */
#pragma once

#include <stddef.h>

/* Room for every short name. */
#define SHORT_NAME_SIZE 512

/*
 * Write the short form of a name, NUL-terminated, to `text` of `size` bytes, and return
 * its length. It has no parameters, no result type, and nothing that the compiler added:
 * clone suffixes, hashes, ABI tags, inline namespaces of the C++ library. Default
 * arguments of its templates are left out and character templates have their usual names
 * (std::string); template arguments that are still long are "<...>", with an ellipsis. Of
 * a name of many columns the outer scopes are left out, so far as two remain. The short
 * form of a short name is itself. With less room than SHORT_NAME_SIZE it is cut after a
 * character.
 */
size_t short_name(const char *name, char *text, size_t size);

/* The same with all scopes. */
size_t short_name_scoped(const char *name, char *text, size_t size);
