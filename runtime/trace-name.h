/* SPDX-License-Identifier: MIT */
/*
 * The name of the trace: the file is made under one that nobody has, in the directory
 * that the path leads to at that moment. The caller holds the lock of those who switch
 * tracking on and off.
 */
#pragma once

#include <stdbool.h>

#include "runtime/cc.h"

/*
 * Creates the file `path`, or path.1, path.2 and so on: never touches one that exists.
 * Puts the name that it took into `path`. Returns the descriptor, or -errno: -ENOTSUP if
 * something that is no file has the name. After success one of the next two follows.
 */
HIDDEN int rhp_trace_name_create(char *path);

/* Whether the last trace has a name with a number, because its own was taken. */
HIDDEN bool rhp_trace_name_is_other(void);

/* The file stays. */
HIDDEN void rhp_trace_name_keep(void);

/* Removes the file again. */
HIDDEN void rhp_trace_name_remove(char *path);
