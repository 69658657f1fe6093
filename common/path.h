/* SPDX-License-Identifier: MIT */
/* Names of files. */
#pragma once

#include <string.h>

/* The last part of a path: what follows its last slash, or all of it. */
static inline const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
