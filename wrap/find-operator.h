/* SPDX-License-Identifier: MIT */
/*
 * Which operators there are in this process, under the names that the program exports and
 * in its libraries.
 */
#pragma once

#include <stdbool.h>

#include "runtime/cc.h"

/*
 * The first definition of a function in the order in which this process loaded its parts:
 * in its libraries, whoever may see them, and before in the program if `in_program`; NULL
 * if there is none. Allocates nothing, and takes no lock that is held while constructors
 * run.
 */
HIDDEN void *rhp_find_operator(const char *name, bool in_program);
