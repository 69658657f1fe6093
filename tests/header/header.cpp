/* SPDX-License-Identifier: MIT */
#include "header.c" // the same in C++
