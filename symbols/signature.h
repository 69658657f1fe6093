/* SPDX-License-Identifier: MIT */
/*
 * Computes the signature of a stack: a hash of the names of its functions, which is the
 * same in every build and on every machine. docs/reference/schema.md says what parts of a
 * name count. For frames.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGNATURE_TEXT_SIZE 17

/*
 * Reduce a demangled name to what stays the same when the program is built again: drop
 * template arguments, parameters and suffixes of the compiler; of MODULE+0xOFFSET, keep
 * the module. Writes at most `size` bytes to `plain`, without a NUL, and returns their
 * number.
 */
size_t signature_name(const char *name, char *plain, size_t size);

/* Return whether a function is part of the code that starts a program or a thread, which
 * signatures leave out. */
bool signature_is_startup(const char *name);

/* Add the reduced form of a name, its first SIGNATURE_MAX_NAME bytes, to a hash, and
 * return the new hash. The first hash is SIGNATURE_BEGIN. */
#define SIGNATURE_BEGIN UINT64_C(0xcbf29ce484222325)
#define SIGNATURE_MAX_NAME ((size_t)1024)
uint64_t signature_add(uint64_t hash, const char *name);

/* The same of a name that signature_name has reduced to n bytes, n being no more. */
uint64_t signature_add_plain(uint64_t hash, const char *plain, size_t n);

/* Write a hash as hexadecimal text: SIGNATURE_TEXT_SIZE bytes, with a NUL. */
void signature_format(uint64_t hash, char *text);
