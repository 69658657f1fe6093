/* SPDX-License-Identifier: MIT */
/*
 * The output of a program: standard output, or a file that gets its name only when it is
 * complete. Every function dies if the output cannot be written. A process has one output
 * at a time.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/* Say what the program reads: no output takes the place of any of these. The paths stay
 * the caller's, for as long as there is output. */
void output_protect(const char *const *inputs, size_t n);

/*
 * Open the output: the file at `path`, which is replaced if it exists, or standard output
 * if that is NULL. Dies if it is a file that is protected, or if a binary format would go
 * to a terminal.
 */
FILE *output_open(const char *path, bool binary);

/* Give a new file the permissions that the umask allows; else only its owner has any. */
void output_share(void);

/* Close the output: check that everything was written, and give the file its name. */
void output_finish(void);

/* Die because the output cannot be written, with the reason in errno. */
_Noreturn void output_die(void);
