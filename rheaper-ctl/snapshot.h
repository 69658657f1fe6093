/* SPDX-License-Identifier: MIT */
/* Copies a trace while its program goes on writing it. */
#pragma once

#include <stdint.h>

/*
 * Copy the trace of the descriptor `from` to the new file `path`. The copy has all events
 * that were complete before the call. It may have parts of what is written meanwhile,
 * which readers leave out. The program is not stopped. Returns the size of the copy in
 * bytes. Dies if it fails, and removes the file.
 */
uint64_t snapshot_copy(int from, const char *path);
