/* SPDX-License-Identifier: MIT */
/* What the headers of glibc turn others into, with _FORTIFY_SOURCE. An object of their
 * own: musl has no such functions. */
#include "wrap/libc-calls.h"

FORWARD_V(__asprintf_chk, __vasprintf_chk, format,
	  (char **s, int flag, const char *format, ...), (s, flag, format, ap),
	  STORES(s, result >= 0, (size_t)result + 1))
FORWARD(int, __vasprintf_chk, (char **s, int flag, const char *format, va_list ap),
	(s, flag, format, ap), STORES(s, result >= 0, (size_t)result + 1))
FORWARD(char *, __realpath_chk, (const char *path, char *resolved, size_t size),
	(path, resolved, size), STORES(&result, result && !resolved, strlen(result) + 1))
FORWARD(char *, __getcwd_chk, (char *buffer, size_t size, size_t room),
	(buffer, size, room), STORES(&result, result && !buffer, strlen(result) + 1))
