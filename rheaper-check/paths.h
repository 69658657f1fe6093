/* SPDX-License-Identifier: MIT */
/*
 * Names source files as reports have them: without "." and "..", as --path-map says, and
 * relative to the root of the sources where they are below that. Files need not exist.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;

#define PATHS_MAX_ROOTS 3

struct path_map {
	const char *from, *to;
};

struct paths {
	struct arena *arena;
	const char *roots[PATHS_MAX_ROOTS]; /* absolute, as paths_clean has them */
	size_t n_roots;
	struct path_map *maps;
	size_t n_maps;
};

struct path {
	const char *name;
	bool is_below_root; /* then the name is relative */
};

/*
 * Set the root of the sources, NULL for the current directory. Debug information may have
 * it as it is given, as the shell calls the directory, or with symbolic links resolved;
 * Bazel calls it /proc/self/cwd. Dies if it cannot be opened.
 */
void paths_init(struct paths *paths, struct arena *arena, const char *root);

/* Add a map "FROM=TO" from one directory to another one, which may be empty: the root of
 * the sources. Of several that fit, the first counts. Returns NULL, or why it is wrong.
 */
const char *paths_add_map(struct paths *paths, struct arena *arena, const char *words);

/* Name a file that debug information has. A relative name is below the root, unless it
 * begins with "..": the compiler was told to make it so. */
struct path paths_find(const struct paths *paths, const char *file);

/* Name a file that the command line has, relative to the current directory. */
struct path paths_find_argument(const struct paths *paths, const char *file);

/* Copy a path without "." and "..", "." if nothing is left. */
const char *paths_clean(struct arena *arena, const char *path);
