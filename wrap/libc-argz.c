/* SPDX-License-Identifier: MIT */
#include "wrap/libc-calls.h"

FORWARD(error_t, argz_create, (char *const *argv, char **argz, size_t *n),
	(argv, argz, n), STORES(argz, result == 0 && *n > 0, *n))
FORWARD(error_t, argz_create_sep, (const char *s, int separator, char **argz, size_t *n),
	(s, separator, argz, n), STORES(argz, result == 0 && *n > 0, *n))
FORWARD(error_t, argz_add, (char **argz, size_t *n, const char *s), (argz, n, s),
	RESIZES(argz, *n))
FORWARD(error_t, argz_add_sep, (char **argz, size_t *n, const char *s, int separator),
	(argz, n, s, separator), RESIZES(argz, *n))
FORWARD(error_t, argz_append, (char **argz, size_t *n, const char *s, size_t size),
	(argz, n, s, size), RESIZES(argz, *n))
FORWARD(error_t, argz_insert, (char **argz, size_t *n, char *before_entry, const char *s),
	(argz, n, before_entry, s), RESIZES(argz, *n))
FORWARD(error_t, argz_replace,
	(char **argz, size_t *n, const char *s, const char *with, unsigned *count),
	(argz, n, s, with, count), RESIZES(argz, *n))
FORWARD(error_t, envz_add, (char **envz, size_t *n, const char *name, const char *value),
	(envz, n, name, value), RESIZES(envz, *n))
FORWARD(error_t, envz_merge,
	(char **envz, size_t *n, const char *other, size_t other_n, int override),
	(envz, n, other, other_n, override), RESIZES(envz, *n))
