/* SPDX-License-Identifier: MIT */
/* Bytes as text (RFC 4648). */
#pragma once

#include <stddef.h>

/* Return n bytes as NUL-terminated base64, for the caller to free; NULL if memory runs
 * out. */
char *base64_encode(const unsigned char *bytes, size_t n);
