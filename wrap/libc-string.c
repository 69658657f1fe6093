/* SPDX-License-Identifier: MIT */
#include "wrap/libc-calls.h"

/* glibc's own names; musl has none. */
char *__real___strdup(const char *) __attribute__((weak));
char *__real___strndup(const char *, size_t) __attribute__((weak));

FORWARD(char *, strdup, (const char *s), (s), RETURNS(strlen(result) + 1))
FORWARD(char *, __strdup, (const char *s), (s), RETURNS(strlen(result) + 1))
FORWARD(char *, strndup, (const char *s, size_t n), (s, n), RETURNS(strlen(result) + 1))
FORWARD(char *, __strndup, (const char *s, size_t n), (s, n), RETURNS(strlen(result) + 1))
FORWARD(wchar_t *, wcsdup, (const wchar_t *s), (s),
	RETURNS((wcslen(result) + 1) * sizeof(wchar_t)))
