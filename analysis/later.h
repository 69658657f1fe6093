/* SPDX-License-Identifier: MIT */
/*
 * Traces of one name: a program whose RHEAPER_TRACE is taken appends .1, .2 and so on, so
 * the plain name is that of the oldest one.
 */
#pragma once

#include <stddef.h>

/*
 * Warn if one of the traces beside the one at `path` that have its name with a number is
 * of a later run, and the newest of these is not among the n paths that are read. Later
 * traces of the same process, and those of forked children, are of no other run.
 */
void later_warn(const char *path, const char *const *paths, size_t n);
