/* SPDX-License-Identifier: MIT */
/*
 * Text that came from outside (names of files, threads, functions): made
 * valid UTF-8 for a database, made harmless for a terminal.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * A copy of n bytes as NUL-terminated UTF-8. Bytes that are not UTF-8, and
 * NUL, become \xNN; control characters stay. NULL if memory is out.
 */
char *text_utf8(const char *bytes, size_t n);

/* A copy of text in which control characters are \xNN. NULL: out of memory. */
char *text_printable(const char *text);

/*
 * The bytes of the well-formed UTF-8 sequence at the beginning of n > 0 bytes, 0 if there
 * is none: Unicode's table 3-7, so no surrogates and nothing longer than it has to be.
 */
size_t text_sequence(const char *text, size_t n);

/* Whether a sequence of that length is a control character: of ASCII, or one of the 32
 * behind it (CSI is U+009B). */
bool text_is_control(const char *text, size_t length);
