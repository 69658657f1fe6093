/* SPDX-License-Identifier: MIT */
/*
 * Finds the files that may have the symbols of a module: the module itself, perhaps below
 * the root of another machine, and separate debug information, by its build id. For
 * symbolize.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbol_settings {
	const char *sysroot;     /* module paths are looked up below it; NULL: / */
	const char **debug_dirs; /* searched before the usual place */
	size_t n_debug_dirs;
	bool debuginfod; /* ask the servers that DEBUGINFOD_URLS names */
};

/*
 * Check the settings and make their directories absolute, and switch off debuginfod
 * unless it is asked for. Dies if a setting cannot be used. Call it once, before
 * symbols_open; it changes the environment, so no other thread may run.
 */
void symbol_settings_check(struct symbol_settings *settings);

/*
 * Make the list of directories in which libdw looks for separate debug information, in
 * its notation. The caller frees it. Returns NULL if memory runs out.
 */
char *symbol_files_search_path(const struct symbol_settings *settings);

/*
 * Open a file that may have the symbols of a module. Candidate 0 is the copy in the cache
 * of symbols, SYMBOL_FILES_MODULE the module itself; the next ones are files for its
 * build id in the directories for debug information; the last one is the cache again, for
 * who did not want its copy at first. Returns 0 with *fd and *name, its path, which the
 * caller closes and frees; -ENOENT if this candidate is not there; 1 if there are no more
 * candidates; or -ENOMEM. A copy has the name of the module: debug information that is
 * found by name lies beside that.
 */
#define SYMBOL_FILES_MODULE 1
int symbol_files_open(const struct symbol_settings *settings, const char *path,
		      const uint8_t *build_id, size_t build_id_size, size_t candidate,
		      int *fd, char **name);
