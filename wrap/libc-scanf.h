/* SPDX-License-Identifier: MIT */
/*
 * The twelve functions of the scanf family under one prefix: %ms allocates.
 * Use: SCANF_FAMILY(__isoc99_).
 */
#pragma once

#include "wrap/libc-calls.h"

#define SCANF_PAIR(name, vname, source, text)                                            \
	FORWARD_V(name, vname, format, (source from, text format, ...),                  \
		  (from, format, ap), NOTHING())                                         \
	FORWARD(int, vname, (source from, text format, va_list ap), (from, format, ap),  \
		NOTHING())

#define SCANF_STDIN_PAIR(name, vname, text)                                              \
	FORWARD_V(name, vname, format, (text format, ...), (format, ap), NOTHING())      \
	FORWARD(int, vname, (text format, va_list ap), (format, ap), NOTHING())

#define SCANF_FAMILY(p)                                                                  \
	SCANF_PAIR(p##sscanf, p##vsscanf, const char *, const char *)                    \
	SCANF_PAIR(p##fscanf, p##vfscanf, FILE *, const char *)                          \
	SCANF_STDIN_PAIR(p##scanf, p##vscanf, const char *)                              \
	SCANF_PAIR(p##swscanf, p##vswscanf, const wchar_t *, const wchar_t *)            \
	SCANF_PAIR(p##fwscanf, p##vfwscanf, FILE *, const wchar_t *)                     \
	SCANF_STDIN_PAIR(p##wscanf, p##vwscanf, const wchar_t *)
