/* SPDX-License-Identifier: MIT */
#include "wrap/libc-scandir.h"

FORWARD(char *, realpath, (const char *path, char *resolved), (path, resolved),
	STORES(&result, result && !resolved, strlen(result) + 1))
FORWARD(char *, getcwd, (char *buffer, size_t size), (buffer, size),
	STORES(&result, result && !buffer, strlen(result) + 1))
FORWARD(char *, get_current_dir_name, (void), (), RETURNS(strlen(result) + 1))

RHP_SCANDIR(scandir, dirent)
