/* SPDX-License-Identifier: MIT */
/*
 * The file of a database while it is written: a name of its own beside the final one,
 * gone when the program ends before it is finished. For store.c.
 */
#pragma once

#include <stdbool.h>

#include "database/store.h"

/*
 * Create the file that will be `path`: empty, or a copy of what is there to be continued.
 * Its name for now; dies if the mode does not allow it.
 */
const char *store_file_begin(const char *path, enum store_mode mode);

/* To the disk, then to its name; without `replace` nothing may have come there. */
void store_file_finish(const char *path, bool replace);
