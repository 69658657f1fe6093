/* SPDX-License-Identifier: MIT */
/* Makes an archive with the shims of declared functions, in a file without a name. */
#pragma once

#include "rheaper-cc/declare.h"

/*
 * Makes the archive from the templates in `archive_dir` with the target's suffix. Returns
 * a path that the linker can open while this process, or what it executes, lives; the
 * caller frees it. Dies if the archive cannot be made.
 */
char *declared_archive(const struct declared_list *list, const char *archive_dir,
		       const char *suffix);
