/* SPDX-License-Identifier: MIT */
/* A trace as it is now, while the program goes on writing it. */
#pragma once

#include <stdint.h>

/*
 * Copies the trace that `from` refers to into the new file `path`, so that it has all
 * events that were begun before the call, but those that a thread was in the middle of.
 * What is written meanwhile may be in it; a reader leaves it out. The program is not
 * stopped and does not notice. The size of the copy; dies on failure, and then there is
 * no file.
 */
uint64_t snapshot_copy(int from, const char *path);
