/* SPDX-License-Identifier: MIT */
/* Objects that the driver makes for a link: a copy of one that was compiled with the
 * runtime, with a few bytes replaced. No compiler runs for it. */
#pragma once

#include <stddef.h>
#include <stdio.h>

struct bytes {
	char *at;
	size_t size;
};

/* Returns the path of librheaper-NAME<suffix>.a in `archive_dir`; the caller frees it. */
char *template_path(const char *archive_dir, const char *name, const char *suffix);

/* Returns the first object of an archive; the caller frees it. Dies if there is none. */
struct bytes template_read(const char *path);

/* Dies: the archive is of another version. */
_Noreturn void template_die(const char *path);

/*
 * Makes a file without a name, which the linker can open by *path while this process, or
 * what it executes, lives. The caller writes it, and ends it by template_close; it frees
 * *path. `what` is what the file holds, for messages.
 */
FILE *template_open(const char *what, char **path);
void template_close(FILE *file, const char *what);
