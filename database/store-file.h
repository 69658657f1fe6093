/* SPDX-License-Identifier: MIT */
/*
 * The file of a database while it is being written (common/unfinished.h). A database that
 * is replaced or added to is locked meanwhile (common/lock.h). For store.c.
 */
#pragma once

#include "database/store.h"

/*
 * Create the file that will be at `path`: empty, or, for STORE_APPEND, a copy of what is
 * there. Returns its temporary name. Dies if the mode does not allow what is at `path`.
 */
const char *store_file_begin(const char *path, enum store_mode mode);

/*
 * Sync the file to disk, then give it its name. For STORE_NEW, dies if a file has
 * appeared there meanwhile; for STORE_APPEND, if another program has changed what is
 * there. What is added to keeps its owner, permissions and all of its names.
 */
void store_file_finish(const char *path, enum store_mode mode);
