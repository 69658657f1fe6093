/* SPDX-License-Identifier: MIT */
/* Files; what os-call.h says holds. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/cc.h"

/* What comes after the last slash of a path. */
HIDDEN char *rhp_os_last_name(char *path);

/* Opens the directory that the file of this path lies in. The descriptor stands for that
 * directory whatever becomes of its name. `path` is as before afterwards. */
HIDDEN int rhp_os_open_directory(char *path);

/*
 * Creates a file that must not exist (O_EXCL, no symbolic link followed, mode
 * 0600) and returns a close-on-exec descriptor above the ones that programs
 * count on (512 where the limit allows, never 0-2).
 */
HIDDEN int rhp_os_create(int directory, const char *name);

HIDDEN int rhp_os_open(const char *path); /* to be read */
HIDDEN void rhp_os_close(int fd);
HIDDEN void rhp_os_remove(int directory, const char *name);

/* Whether that is a regular file or a symbolic link, not a device or directory. */
HIDDEN bool rhp_os_is_file(int directory, const char *name);

/* Whether a file's pages are memory, whatever is done: tmpfs and the like. */
HIDDEN bool rhp_os_is_in_memory(int fd);

/* Device and inode of a descriptor: tells whether it is still our file. 0 or -errno. */
HIDDEN int rhp_os_file_id(int fd, uint64_t id[2]);

/* Opens a regular file to be read and written, if it has this device and inode, at the
 * number `fd` or, if that is in use, a higher one; the result. Nothing else is opened,
 * nor waited for. */
HIDDEN int rhp_os_open_again(const char *path, const uint64_t id[2], int fd);

/*
 * Makes [offset, offset + size) of the file real, so that a store to a mapping
 * of it cannot fault on a full disk: by fallocate, or by zeros where the file system
 * has no such call. Never raises SIGXFSZ.
 */
HIDDEN int rhp_os_reserve(int fd, uint64_t offset, size_t size);

/* The same without the second way: for what is to be written anyway, and is written
 * faster where the file system has given it room in one go. */
HIDDEN int rhp_os_reserve_ahead(int fd, uint64_t offset, uint64_t size);

/* Writes two buffers one after the other at `offset`, both whole: 0 or -errno. Never
 * raises SIGXFSZ; the caller must have blocked all signals. */
HIDDEN int rhp_os_write(int fd, uint64_t offset, const void *head, size_t head_size,
			const void *body, size_t body_size);

/* Reads `size` bytes, all of them: 0 or -errno. */
HIDDEN int rhp_os_read(int fd, uint64_t offset, void *bytes, size_t size);

/* Reads up to size - 1 bytes of a file, or of a link, and ends them with a NUL. Returns
 * their number. */
HIDDEN ssize_t rhp_os_read_file(const char *path, char *buffer, size_t size);
HIDDEN ssize_t rhp_os_read_link(const char *path, char *buffer, size_t size);

/* Writes one line to standard error, in one write. */
HIDDEN void rhp_os_complain(const char *line, size_t length);

/* Whether it is a terminal. Keeps errno. */
HIDDEN bool rhp_os_is_terminal(int fd);
