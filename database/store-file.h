/* SPDX-License-Identifier: MIT */
/*
 * The file of a database while it is being written. It has a temporary name beside the
 * final one, and is removed if the program ends before it is finished. For store.c.
 */
#pragma once

#include <stdbool.h>

#include "database/store.h"

/*
 * Create the file that will be at `path`: empty, or, for STORE_APPEND, a copy of what is
 * there. Returns its temporary name. Dies if the mode does not allow what is at `path`.
 */
const char *store_file_begin(const char *path, enum store_mode mode);

/* Sync the file to disk, then rename it to `path`. Without `replace`, dies if a file has
 * appeared there meanwhile. */
void store_file_finish(const char *path, bool replace);
