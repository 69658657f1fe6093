/* SPDX-License-Identifier: MIT */
/*
 * A file while it is being written. It has a temporary name beside its final one, and is
 * removed if the program ends before it is finished, by a signal or by exit. A process
 * has one such file at a time.
 */
#pragma once

#include <stdbool.h>

/* Create the file that will be at `path`, for its owner alone. Returns a descriptor, or
 * -1 with errno. */
int unfinished_create(const char *path);

/* Return its temporary name, which is no URI and no option; "" if there is none. */
const char *unfinished_name(void);

/* Give the file its name. Without `replace` that must still be free. Returns 0, or -1
 * with errno. */
int unfinished_finish(const char *path, bool replace);

/* Remove the file. */
void unfinished_drop(void);

/* Remove this file, too, if the program ends by a signal, whoever makes it and removes it
 * otherwise. "": none. A process has one. */
void unfinished_accompany(const char *path);
