/* SPDX-License-Identifier: MIT */
/*
 * What a stack is called wherever it comes from: a hash of the names of its functions.
 * docs/reference/schema.md says what of a name counts. For frames.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGNATURE_TEXT_SIZE 17

/*
 * Of a demangled name what stays the same when the program is built again: without
 * template arguments, parameters and what compilers append; of an offset in a module,
 * the module. Returns `size` or the length, if that is smaller; not terminated.
 */
size_t signature_name(const char *name, char *plain, size_t size);

/* Whether a name is of the code that starts a program or a thread: not part of it. */
bool signature_is_startup(const char *name);

/* Add a name to a hash, which begins with SIGNATURE_BEGIN. */
#define SIGNATURE_BEGIN UINT64_C(0xcbf29ce484222325)
uint64_t signature_add(uint64_t hash, const char *name);

/* A hash as text of SIGNATURE_TEXT_SIZE with its NUL. */
void signature_format(uint64_t hash, char *text);
