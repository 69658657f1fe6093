/* SPDX-License-Identifier: MIT */
/*
 * The functions an executable exports so that the shared libraries it loads
 * call them: weak (an allocator in the program itself wins) and visible. What
 * stands behind them is the next definition in the order of libraries, libc's
 * or a preloaded or linked allocator's.
 */
#pragma once

#include "wrap/next.h"

#define EXPORTED __attribute__((weak, visibility("default")))
