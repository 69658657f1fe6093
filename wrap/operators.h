/* SPDX-License-Identifier: MIT */
/*
 * A program may replace operator new and delete, and libstdc++ then calls the program's,
 * past our shims; and so does the file that defines them. What one side creates the other
 * one frees. So in such a program no operator is recorded, but what the operators
 * themselves call: whoever calls them, that is the same.
 */
#pragma once

#include <stdint.h>

#include "runtime/cc.h"

/* 1: so it is. Set before anything of the program runs; only a dynamic program can find
 * out. In a program without operators there is no such variable. */
extern HIDDEN uint32_t rhp_operators_replaced __attribute__((weak));
