/* SPDX-License-Identifier: MIT */
/*
 * What becomes of forked children, and of a process that calls exec. A child that is not
 * followed leaves nothing behind, so whoever judges the parent's trace must know of it:
 * the head of that trace counts its children (contract/format.h), and the child itself
 * does the counting, when fork() returns in it, and again in its first wrapped call. A
 * child that calls none has no blocks of its own, but what it inherited. exec ends a
 * trace without a word, like a kill; but it is no fault of the program. A program that is
 * executed without RHEAPER_TRACE leaves no trace, whatever it was built with: that is
 * counted, too.
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

/* When fork() has returned in the child. Any thread, any handler. */
HIDDEN void rhp_child_is_born(void);

/* Around each exec, with the environment that the program gets. failed() gets what
 * begin() returned; neither changes errno. Any thread, any handler, and a child of
 * vfork(). */
HIDDEN uint32_t rhp_exec_begin(char *const *environment);
HIDDEN void rhp_exec_failed(uint32_t begun);

/* When a program was started, as by posix_spawn(). */
HIDDEN void rhp_spawned(int pid, char *const *environment);
