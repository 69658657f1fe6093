/* SPDX-License-Identifier: MIT */
#include "wrap/libc-calls.h"

FORWARD_V(asprintf, vasprintf, format, (char **s, const char *format, ...),
	  (s, format, ap), STORES(s, result >= 0, (size_t)result + 1))
FORWARD_V(__asprintf, vasprintf, format, (char **s, const char *format, ...),
	  (s, format, ap), STORES(s, result >= 0, (size_t)result + 1))
FORWARD(int, vasprintf, (char **s, const char *format, va_list ap), (s, format, ap),
	STORES(s, result >= 0, (size_t)result + 1))
FORWARD(ssize_t, getline, (char **line, size_t *n, FILE *f), (line, n, f),
	RESIZES(line, *n))
FORWARD(ssize_t, getdelim, (char **line, size_t *n, int end, FILE *f), (line, n, end, f),
	RESIZES(line, *n))
FORWARD(ssize_t, __getdelim, (char **line, size_t *n, int end, FILE *f),
	(line, n, end, f), RESIZES(line, *n))
FORWARD(FILE *, open_memstream, (char **buffer, size_t *size), (buffer, size), NOTHING())
FORWARD(FILE *, open_wmemstream, (wchar_t * *buffer, size_t *size), (buffer, size),
	NOTHING())
