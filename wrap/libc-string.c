/* SPDX-License-Identifier: MIT */
#include "wrap/libc-calls.h"

FORWARD(char *, strdup, (const char *s), (s))
FORWARD(char *, __strdup, (const char *s), (s))
FORWARD(char *, strndup, (const char *s, size_t n), (s, n))
FORWARD(char *, __strndup, (const char *s, size_t n), (s, n))
FORWARD(wchar_t *, wcsdup, (const wchar_t *s), (s))
