/* SPDX-License-Identifier: MIT */
/* Finds the parts of a demangled name that no one wrote. For signature.c and
 * short-name.c. */
#pragma once

#include <stddef.h>

/* Return how much of the first `length` bytes of a name stands before a suffix that the
 * compiler gave to a piece of a function: .part.0, .constprop.0, .cold. */
size_t name_cut_clones(const char *name, size_t length);

/* Return how much stands before the ::h and 16 hexadecimal digits in which Rust's legacy
 * mangling ends. */
size_t name_cut_rust_hash(const char *name, size_t length);

/* Return how much of a name that stands for code without symbols is the module's: all of
 * MODULE before +0xOFFSET, nothing of 0xADDRESS, and all of any other name. */
size_t name_cut_offset(const char *name, size_t length);

/* Return the length of the word "operator" at `at` with the sign behind it if that is
 * made of brackets; 0 if the word is not there. */
size_t name_operator_length(const char *at);

/* Return the length of what a lambda is called at `at`, "{lambda(int)#1}" or "$_1", or a
 * closure of Rust's, "{closure#1}": its number changes when another is written before it.
 * 0 if none is there. */
size_t name_lambda_length(const char *at);

/* Return the length of the number of a local name at `at`, "[#2]" (demangle.h); 0 if none
 * is there. */
size_t name_local_length(const char *at);
