/* SPDX-License-Identifier: MIT */
/*
 * What every program of rheaper does alike on its command line: messages on
 * standard error, --version, memory that is there or ends the program.
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

/*
 * Grow *array, of *n_max elements of element_size, so that it holds n_needed.
 * New elements are zero. 0, or -ENOMEM with the array as it was.
 */
int array_grow(void **array, size_t *n_max, size_t n_needed, size_t element_size);
