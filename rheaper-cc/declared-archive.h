/* SPDX-License-Identifier: MIT */
/* The shims of declared functions, as an archive that only the linker sees. */
#pragma once

#include "rheaper-cc/declare.h"

/*
 * Makes the archive from the template in `archive_dir` that has the target's
 * suffix. The shims refer weakly to
 * the functions themselves if `weak`: for a linker that brings a shim in though
 * nothing calls it. A path that the linker
 * can open for as long as this process, or what it executes, lives; the caller
 * frees it. Dies if it cannot be made.
 */
char *declared_archive(const struct declared_list *list, const char *archive_dir,
		       const char *suffix, int weak);
