/* SPDX-License-Identifier: MIT */
/*
 * Allocators that are known by name. Their functions are declared like those of
 * the user, but only where the link has the library: elsewhere a function of such
 * a name is somebody else's.
 */
#pragma once

#include "rheaper-cc/declare.h"
#include "rheaper-cc/words.h"

/* Declares the functions of the allocators that `libraries`, the names of libraries
 * as they stand on a command, belong to. What is declared already stays. */
void families_add_for(struct declared_list *list, const struct words *libraries);

/* Declares those of one allocator; -1 if it is not known. */
int families_add(struct declared_list *list, const char *name);
