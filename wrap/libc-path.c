/* SPDX-License-Identifier: MIT */
#include "wrap/libc-calls.h"

FORWARD(char *, realpath, (const char *path, char *resolved), (path, resolved),
	STORES(&result, result && !resolved, strlen(result) + 1))
FORWARD(char *, __realpath_chk, (const char *path, char *resolved, size_t size),
	(path, resolved, size), STORES(&result, result && !resolved, strlen(result) + 1))
FORWARD(char *, canonicalize_file_name, (const char *path), (path),
	RETURNS(strlen(result) + 1))
FORWARD(char *, getcwd, (char *buffer, size_t size), (buffer, size),
	STORES(&result, result && !buffer, strlen(result) + 1))
FORWARD(char *, __getcwd_chk, (char *buffer, size_t size, size_t room),
	(buffer, size, room), STORES(&result, result && !buffer, strlen(result) + 1))
FORWARD(char *, get_current_dir_name, (void), (), RETURNS(strlen(result) + 1))

#define FILTER(entry) int (*filter)(const struct entry *)
#define COMPARE(entry) int (*compare)(const struct entry **, const struct entry **)
FORWARD(int, scandir,
	(const char *path, struct dirent ***list, FILTER(dirent), COMPARE(dirent)),
	(path, list, filter, compare), NOTHING())
FORWARD(int, scandir64,
	(const char *path, struct dirent64 ***list, FILTER(dirent64), COMPARE(dirent64)),
	(path, list, filter, compare), NOTHING())
FORWARD(int, scandirat,
	(int fd, const char *path, struct dirent ***list, FILTER(dirent),
	 COMPARE(dirent)),
	(fd, path, list, filter, compare), NOTHING())
FORWARD(int, scandirat64,
	(int fd, const char *path, struct dirent64 ***list, FILTER(dirent64),
	 COMPARE(dirent64)),
	(fd, path, list, filter, compare), NOTHING())
