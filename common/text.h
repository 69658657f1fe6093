/* SPDX-License-Identifier: MIT */
/*
 * Converts text from outside (names of files, threads, functions): to valid UTF-8 for a
 * database, and to harmless text for a terminal.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Copy n bytes as NUL-terminated UTF-8, for the caller to free. Bytes that are not UTF-8,
 * and NUL, become \xNN; control characters stay. Returns NULL if memory runs out.
 */
char *text_utf8(const char *bytes, size_t n);

/* Copy a text with \xNN for the bytes of its control characters and of those that change
 * the order of the text or have no width (U+200B to U+200F, U+202A to U+202E, U+2060 to
 * U+2069, U+FEFF), for the caller to free. Returns NULL if memory runs out. */
char *text_printable(const char *text);

/*
 * Return the length of the well-formed UTF-8 sequence at the beginning of n > 0 bytes, 0
 * if there is none. Table 3-7 of Unicode says what is well-formed: no surrogates, and no
 * overlong sequences.
 */
size_t text_sequence(const char *text, size_t n);

/* Return whether a sequence of that length is a control character: of ASCII, or U+0080 to
 * U+009F (CSI is U+009B). */
bool text_is_control(const char *text, size_t length);
