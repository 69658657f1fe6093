/* SPDX-License-Identifier: MIT */
/* Memory from the kernel, and what is known of an address; what os-call.h says holds. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/cc.h"

/* Maps `size` zero bytes, private to this process; NULL if the kernel refuses. */
HIDDEN void *rhp_os_alloc(size_t size);

/* The same, but children share the mapping with this process. */
HIDDEN void *rhp_os_share(size_t size);

/* Unmaps what a function of this header mapped. */
HIDDEN void rhp_os_release(void *start, size_t size);

/* Gives the memory of the whole pages inside the range back; they read as zeros then. */
HIDDEN void rhp_os_discard(void *start, size_t size);

/* Zeroes the whole range, and gives back the memory that it can. */
HIDDEN void rhp_os_zero(void *start, size_t size);

/* Maps a part of a file, shared: at `at`, in the place of what is mapped there, or
 * anywhere if that is NULL. NULL if the kernel refuses. */
HIDDEN void *rhp_os_map_file(void *at, int fd, uint64_t offset, size_t size);

/*
 * Maps, shared, what descriptor `fd` of another process refers to: an anonymous file that
 * is sealed against shrinking, has at least `size` bytes, and belongs to this process's
 * user. NULL for anything else.
 */
HIDDEN void *rhp_os_map_of(int pid, int fd, size_t size);

/* Maps an empty file of this name, so that others see the name in /proc/PID/maps. */
HIDDEN void rhp_os_show(const char *name);

/* Puts a page of zeros, private to this process, in the place of the page that holds
 * `address`. Returns where that page begins; NULL if the kernel refuses. */
HIDDEN void *rhp_os_replace_page(uintptr_t address);

/* Has the kernel zero these pages in the child of any kind of fork; 0 or -errno. */
HIDDEN int rhp_os_wipe_on_fork(void *page, size_t size);

/* Whether the 8 bytes at an aligned address can be read, whatever the address is. */
HIDDEN bool rhp_os_readable(uintptr_t address);

HIDDEN uint64_t rhp_os_page_size(void);
