/* SPDX-License-Identifier: MIT */
/*
 * Where the files of a module are: the module itself, below another machine's root
 * if need be, and what has its symbols under its build id. For symbolize.c.
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
 * Make the settings fit for use: absolute directories, the network off unless it is
 * asked for. Dies of what cannot be used. Once, before symbols_open.
 */
void symbol_settings_check(struct symbol_settings *settings);

/*
 * The list of directories in which libdw looks for separate debug information, in
 * its own notation. NULL: out of memory.
 */
char *symbol_files_search_path(const struct symbol_settings *settings);

/*
 * Open a file that may have the symbols of a module, the best one for candidate 0:
 * the module itself, then what lies under its build id in the directories for debug
 * information. *name is its path, for the caller to free. A descriptor; -ENOENT if
 * this candidate is not there, -ENOMEM; 1 if there are no more.
 */
int symbol_files_open(const struct symbol_settings *settings, const char *path,
		      const uint8_t *build_id, size_t build_id_size, size_t candidate,
		      int *fd, char **name);
