/* SPDX-License-Identifier: MIT */
/*
 * Traces of one name: a program whose RHEAPER_TRACE is taken appends .1, .2 and so on, so
 * the plain name is that of the oldest one.
 */
#pragma once

#include <stddef.h>

/*
 * Warn if one of the traces beside the one at `path` that have its name with a number
 * began later than all of them and is not among the n paths that are read.
 */
void later_warn(const char *path, const char *const *paths, size_t n);
