/* SPDX-License-Identifier: MIT */
/*
 * Traces of one name: a program whose RHEAPER_TRACE is taken appends .1, .2 and so on, so
 * the plain name is that of the oldest one.
 */
#pragma once

#include <stddef.h>

/*
 * Say of each of the n paths that are read whether there is a trace of a later run beside
 * it, of its name with a number, if the newest of these is not among the n; and if a
 * directory does not tell. Later traces of the same process, and those of forked
 * children, are of no other run. What began before the trace ended is no later one, as a
 * program that the process executed: that is said of it. Sentences are valid during the
 * call.
 */
void later_tell(const char *const *paths, size_t n,
		void (*say)(void *context, const char *sentence), void *context);

/* The same on standard error. */
void later_warn(const char *const *paths, size_t n);

/*
 * Find later traces of the same processes: one that switched tracking off and on, or that
 * went on by exec as a program that is traced, too, takes the next number. Calls `take`
 * for each of the n traces that has such a one beside it that is not among the n, with
 * the paths of both, which are valid during the call.
 */
void later_find_left_out(const char *const *paths, size_t n,
			 void (*take)(void *context, const char *path, const char *later),
			 void *context);

/* Warn of the first of these, and of how many others there are. */
void later_warn_left_out(const char *const *paths, size_t n);
