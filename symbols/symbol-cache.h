/* SPDX-License-Identifier: MIT */
/*
 * The cache of symbols: copies of programs and libraries by their build ids, which
 * outlive a rebuild (contract/symbol-cache.h). For symbol-files.c, and for tools that
 * fill it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Return the directory by the environment, for the caller to free; NULL: there is none,
 * or memory ran out. It need not exist. */
char *symbol_cache_directory(void);

/* Open the copy of the module with a build id. Returns a descriptor of a regular file and
 * notes that it was used; -ENOENT if there is none. Whether it has that build id is for
 * the caller to see. */
int symbol_cache_open(const uint8_t *build_id, size_t build_id_size);

/*
 * Copy files into the cache, and remove what was not used for longest until they fit.
 * Files that are there already, that are no ELF files, or have no build id, are passed
 * over. Returns the number of files that the cache has now, or -errno if it cannot be
 * used: -EPERM if others could write to it.
 */
int symbol_cache_keep(const char *const *paths, size_t n);
