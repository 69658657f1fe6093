/* SPDX-License-Identifier: MIT */
#include "layout.c" // the same in C++
