/* SPDX-License-Identifier: MIT */
/*
 * The functions that an executable exports, so that the shared libraries that it loads
 * call them. They are weak, so that an allocator in the program itself wins, and visible.
 * They call the next definition in the order of libraries: libc's, or that of an
 * allocator that was preloaded or linked.
 */
#pragma once

#include "wrap/next.h"

#define EXPORTED __attribute__((weak, visibility("default")))
