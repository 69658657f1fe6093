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

/* Makes pages of this process readable and writable, or maps zeros where nothing is;
 * 0 or -errno. */
HIDDEN int rhp_os_unlock(uintptr_t start, size_t size);

/* Copies memory of this process: false if not all of it can be read. */
HIDDEN bool rhp_os_copy(void *to, uintptr_t from, size_t size);

/*
 * Finds memory in [start, end) that was ever written, by the page map that is open as
 * `fd`: up to `n` extents, each with whether it is as in a file, and whether it is said
 * to be swapped out. Pages that the program made guards of are none of it where the
 * kernel (from 6.15 on) tells them apart; before, they are said to be swapped out.
 * Returns how many extents, and in *end how far it looked; or -errno, -ENOTTY if the
 * kernel (before 6.7) cannot do that.
 */
struct rhp_os_extent {
	uint64_t start, end;
	uint64_t categories; /* RHP_OS_OF_FILE, RHP_OS_SWAPPED */
};
#define RHP_OS_OF_FILE (UINT64_C(1) << 2)
#define RHP_OS_SWAPPED (UINT64_C(1) << 4)
HIDDEN int rhp_os_written(int fd, uintptr_t start, uintptr_t *end,
			  struct rhp_os_extent *extents, size_t n);

/* Says of each page whether it is in memory: a byte each, whose lowest bit is set. Pages
 * that were written and swapped out are not. 0 or -errno. */
HIDDEN int rhp_os_in_core(uintptr_t start, size_t size, unsigned char *pages);

/* Whether the 8 bytes at an aligned address can be read, whatever the address is. */
HIDDEN bool rhp_os_readable(uintptr_t address);

/* The same of every byte of [start, start + size). */
HIDDEN bool rhp_os_all_readable(uintptr_t start, uintptr_t size);

/*
 * Whether [low, high) is part of one mapping, which goes on at `high`; `known` is an
 * address between them from which on that is known. All are the beginnings of pages.
 * Where the kernel cannot be asked, it is taken for one if every page can be read.
 */
HIDDEN bool rhp_os_is_one_mapping(uintptr_t low, uintptr_t known, uintptr_t high);

HIDDEN uint64_t rhp_os_page_size(void);
