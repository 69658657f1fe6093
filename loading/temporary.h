/* SPDX-License-Identifier: MIT */
/*
 * Traces as a database that lasts as long as the program, for programs that read
 * databases and take traces as well.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "symbols/symbol-files.h"

/* Return whether the file is a database; all others are taken for traces. Dies if it
 * cannot be read, or is no regular file. */
bool temporary_is_database(const char *path);

/*
 * Load n traces into a database in TMPDIR, or /tmp, which only its owner can read. It is
 * removed when the program exits, or by temporary_remove. `progress`: draw it on standard
 * error. Returns its path. Dies if the traces cannot be loaded. One at a time.
 */
const char *temporary_load(const char *const *traces, size_t n,
			   const struct symbol_settings *symbols, bool progress);
void temporary_remove(void);
