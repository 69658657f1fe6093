/* SPDX-License-Identifier: MIT */
/*
 * What all programs of rheaper share: messages on standard error, --version, and exit
 * statuses. Not for libraries, which must not exit.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

enum exit_code {
	EXIT_FINE = 0,
	EXIT_FINDING = 1, /* a regression or a leak */
	EXIT_CANNOT = 2,  /* usage, bad input, I/O */
};

/*
 * Print "PROGRAM: MESSAGE" on standard error as one line. A format that ends
 * in a colon gets " " and strerror(errno) appended. Control characters that
 * came in through an argument are printed escaped.
 */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, then exit(EXIT_CANNOT). */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* warn(), then "Try 'PROGRAM --help'.", then exit(EXIT_CANNOT). */
_Noreturn void die_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Print "NAME (rheaper) VERSION" on standard output. */
void print_version(const char *name);

/* Flush standard output; die if anything written to it was lost. */
void finish_output(void);
