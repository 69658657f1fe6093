/* SPDX-License-Identifier: MIT */
/* Runs an instrumented program traced. */
#pragma once

#include <stdbool.h>

struct run_options {
	bool scan;     /* for leaks, when it exits */
	bool children; /* trace those that it forks, too */
	bool symbols;  /* keep copies of what is traced, for traces that are loaded later
			*/
};

/*
 * Run a program and wait for it. Its traces come into `directory`. SIGINT and SIGQUIT of
 * the terminal end the program, not us; SIGTERM and SIGHUP are passed on. Returns the
 * status that a shell would give: 128 + the signal that ended it; 126 or 127, with
 * *is_started false, if it cannot be started, which a message has said.
 */
int run_program(char **words, const char *directory, const struct run_options *options,
		bool *is_started);
