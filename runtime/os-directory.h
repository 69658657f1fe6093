/* SPDX-License-Identifier: MIT */
/* Directories, and whole files in them; what os-call.h says holds. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/cc.h"

/*
 * Opens a directory of this user that no other one can write to; makes it, and what it
 * lies in, with mode 0700 if need be. -EPERM: it is not such a directory. `path` is as
 * before afterwards.
 */
HIDDEN int rhp_os_own_directory(char *path);

/* Calls take() for each name in a directory but . and .., until it is false. A descriptor
 * that was read before has to be rewound. */
HIDDEN void rhp_os_names(int directory, bool (*take)(void *context, const char *name),
			 void *context);
HIDDEN void rhp_os_rewind(int directory);

/* What a regular file is; 0 or -errno, -ENOTSUP: it is none. A link is not followed. */
struct rhp_os_file {
	uint64_t size;
	int64_t used_ns; /* time of the last modification, since 1970 */
};
HIDDEN int rhp_os_look_at(int directory, const char *name, struct rhp_os_file *file);

/* Opens a regular file to be read, without waiting for whatever else it is. */
HIDDEN int rhp_os_open_regular(const char *path, uint64_t *size);

/* Sets the time of the last modification to now. */
HIDDEN void rhp_os_touch(int directory, const char *name);

HIDDEN int rhp_os_rename(int directory, const char *from, const char *to);

/* Fills an empty file with a copy of another: by a clone if the file system has that.
 * Never raises SIGXFSZ. */
HIDDEN int rhp_os_copy_file(int to, int from, uint64_t size);
