/* SPDX-License-Identifier: MIT */
/*
 * Text that came from outside (names of files, threads, functions): made
 * valid UTF-8 for a database, made harmless for a terminal.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * A copy of n bytes as NUL-terminated UTF-8. Bytes that are not UTF-8, and
 * NUL, become \xNN; control characters stay. NULL if memory is out.
 */
char *text_utf8(const char *bytes, size_t n);

/* A copy of text in which control characters are \xNN. NULL: out of memory. */
char *text_printable(const char *text);

/* Print UTF-8 as a JSON string, with its quotes, and no control character in it. */
void text_print_json(FILE *out, const char *text);
