/* SPDX-License-Identifier: MIT */
/*
 * Local classes and static variables of one name, in two blocks of one function, differ
 * by a number in the mangled name: the Itanium ABI's discriminator, "_0" for the second
 * one. Demanglers leave it out. Here it becomes an ABI tag, which they write where it
 * belongs. For demangle.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct local_number {
	size_t at, length; /* of what may be a discriminator, in a mangled name */
};

/*
 * Find what may be a discriminator before number->at, from the end of a name to its
 * begin: at first that is the name's length. Whether it is one is known only if the name
 * means the same without it. Returns false if there is none.
 */
bool local_name_previous(const char *name, struct local_number *number);

/* Return a copy of a name without such a number; the caller frees it. NULL: there is no
 * memory. */
char *local_name_without(const char *name, const struct local_number *number);

/* The same with a tag instead of it, for the last part of a nested name, whose end stands
 * before the number, or for a name alone. NULL also if no such end is there. */
char *local_name_tagged(const char *name, const struct local_number *number,
			bool is_nested);

/* Return whether a demangled name is another one but for such tags, which are then
 * written as [#2] for the second one of a name. */
bool local_name_shorten(char *demangled, const char *untagged);
