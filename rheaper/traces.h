/* SPDX-License-Identifier: MIT */
/* The directory in which the traces of a run are, and its database if nobody names one.
 */
#pragma once

#include <stddef.h>

/* Make a directory that only its owner can read, in TMPDIR, or /var/tmp, which is on a
 * disk, or /tmp. Returns its path, for the caller to free. Dies if none can be made. */
char *traces_begin(void);

/* List the traces in it, for the caller to free with traces_free. Dies if it cannot be
 * read. */
char **traces_list(const char *directory, size_t *n);
void traces_free(char **traces, size_t n);

/* Remove the traces; and the directory, if nothing else is in it. */
void traces_remove(const char *directory, char **traces, size_t n);
