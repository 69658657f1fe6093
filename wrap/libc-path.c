/* SPDX-License-Identifier: MIT */
#include "wrap/libc-calls.h"

FORWARD(char *, realpath, (const char *path, char *resolved), (path, resolved))
FORWARD(char *, __realpath_chk, (const char *path, char *resolved, size_t size),
	(path, resolved, size))
FORWARD(char *, canonicalize_file_name, (const char *path), (path))
FORWARD(char *, getcwd, (char *buffer, size_t size), (buffer, size))
FORWARD(char *, __getcwd_chk, (char *buffer, size_t size, size_t room),
	(buffer, size, room))
FORWARD(char *, get_current_dir_name, (void), ())

#define FILTER(entry) int (*filter)(const struct entry *)
#define COMPARE(entry) int (*compare)(const struct entry **, const struct entry **)
FORWARD(int, scandir,
	(const char *path, struct dirent ***list, FILTER(dirent), COMPARE(dirent)),
	(path, list, filter, compare))
FORWARD(int, scandir64,
	(const char *path, struct dirent64 ***list, FILTER(dirent64), COMPARE(dirent64)),
	(path, list, filter, compare))
FORWARD(int, scandirat,
	(int fd, const char *path, struct dirent ***list, FILTER(dirent),
	 COMPARE(dirent)),
	(fd, path, list, filter, compare))
FORWARD(int, scandirat64,
	(int fd, const char *path, struct dirent64 ***list, FILTER(dirent64),
	 COMPARE(dirent64)),
	(fd, path, list, filter, compare))
