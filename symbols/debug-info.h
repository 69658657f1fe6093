/* SPDX-License-Identifier: MIT */
/*
 * Reads the DWARF of one module: which function an address is in, what was inlined there,
 * and which source line it is. For symbolize.c. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <elfutils/libdw.h>

struct debug_info;

struct debug_frame {
	const char *linkage_name; /* mangled, or NULL */
	const char *name;      /* as in the source, or NULL; debug-name.h adds to some */
	const char *directory; /* a relative file is relative to this; or NULL */
	const char *file;      /* or NULL */
	int line;              /* 0: unknown */
};

/* Index the units of `dwarf`, which stays the caller's. Returns NULL if memory runs
 * out. */
struct debug_info *debug_info_new(Dwarf *dwarf);
void debug_info_free(struct debug_info *info);

/* Find the function that holds the code at an address, not one inlined there. Returns
 * false if no unit has it. */
bool debug_info_function(struct debug_info *info, Dwarf_Addr address,
			 Dwarf_Die *function);

/*
 * Find the functions at an address, the innermost first. Returns how many of the `max`
 * frames it filled; 0 if no unit has the address. Where a unit has the address, but no
 * function for it, that is one frame with a line and no name. Texts live as long as the
 * Dwarf and the debug_info.
 */
size_t debug_info_find(struct debug_info *info, Dwarf_Addr address,
		       struct debug_frame *frames, size_t max);
