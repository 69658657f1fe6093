/* SPDX-License-Identifier: MIT */
/* Finds and starts the other programs of rheaper. */
#pragma once

#include <stddef.h>

/* Return the name of the program that a command of `rheaper` stands for, as
 * "rheaper-report" for "report"; NULL if there is none. */
const char *tools_find(const char *command);

/* Replace this program by another one of rheaper: the one beside it, or else the one in
 * PATH. words[0] is its name; the last of the words is NULL. Dies if it cannot be
 * started. */
_Noreturn void tools_become(char **words);

/*
 * Run another one of rheaper and wait for it. If `errors_only`, its standard output is
 * our standard error. Returns its exit status, or 2 if it did not exit.
 */
int tools_run(char **words, int errors_only);
