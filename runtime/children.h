/* SPDX-License-Identifier: MIT */
/*
 * What becomes of forked children, and of a process that calls exec. A child that is not
 * followed leaves nothing behind, so whoever judges the parent's trace must know of it:
 * the head of that trace counts its children (contract/format.h), and the child itself
 * does the counting, in its first wrapped call. A child that calls none has no blocks of
 * its own. exec ends a trace without a word, like a kill; but it is no fault of the
 * program.
 *
 * A child of vfork() is its parent here: what it allocates is recorded, and its exec ends
 * nothing.
 */
#pragma once

#include <stdint.h>

#include "runtime/cc.h"

/* In a forked child: it allocates, and is not followed; or it is, and leaves its parent's
 * trace now. */
HIDDEN void rhp_child_stays_out(void);
HIDDEN void rhp_child_is_followed(void);

/* Around each exec. failed() gets what begin() returned; neither changes errno. Any
 * thread, any handler, and a child of vfork(). */
HIDDEN uint32_t rhp_exec_begin(void);
HIDDEN void rhp_exec_failed(uint32_t begun);
