/* SPDX-License-Identifier: MIT */
/*
 * What a person at a terminal is told of the trace that the environment asked for: its
 * name. Where standard error is no terminal the program's output stays as it is.
 */
#pragma once

#include <stdbool.h>

#include "runtime/cc.h"

/* The trace has begun, in this process. Says so if `path` is not the name that was asked
 * for, because that was taken. */
HIDDEN void rhp_notice_begin(const char *path, bool is_other);

/* The process ends by itself: names the trace that it began, if any. */
HIDDEN void rhp_notice_end(const char *path);
