/* SPDX-License-Identifier: MIT */
/*
 * The allocators that are known by name. Their functions are declared like those of the
 * user, but only in links with the library: elsewhere, a function of that name is another
 * one.
 */
#pragma once

#include "rheaper-cc/declare.h"
#include "rheaper-cc/words.h"

/* Declares the functions of all allocators whose library is among `libraries`, the names
 * of libraries on a command. Earlier declarations stay. */
void families_add_for(struct declared_list *list, const struct words *libraries);

/* Declares the functions of one allocator. Returns 0, or -1 if it is not known. */
int families_add(struct declared_list *list, const char *name);
