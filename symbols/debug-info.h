/* SPDX-License-Identifier: MIT */
/*
 * DWARF of one module: what function an address is in, what was inlined there,
 * and which line it is. For symbolize.c.
 */
#pragma once

#include <stddef.h>

#include <elfutils/libdw.h>

struct debug_info;

struct debug_frame {
	const char *linkage_name; /* mangled, or NULL */
	const char *name;         /* as in the source, or NULL */
	const char *directory;    /* a relative file is relative to this; or NULL */
	const char *file;         /* or NULL */
	int line;                 /* 0: unknown */
};

/* Index the units of a Dwarf, which stays the caller's. NULL: out of memory. */
struct debug_info *debug_info_new(Dwarf *dwarf);
void debug_info_free(struct debug_info *info);

/*
 * The functions at an address, innermost first: their number, at most max; 0
 * if no unit has the address. A unit without its function gives one frame with
 * a line and no name.
 */
size_t debug_info_find(struct debug_info *info, Dwarf_Addr address,
		       struct debug_frame *frames, size_t max);
