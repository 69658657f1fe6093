/* SPDX-License-Identifier: MIT */
/*
 * The lines of a unit from which the linker dropped code (--gc-sections). Such code's
 * lines stay, and begin at address 0, from where they reach into addresses of code that
 * is there; libdw sorts the lines of a unit by address, and no longer knows which of them
 * belong together. This reads them once more, without those of dropped code. For
 * debug-info.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <elfutils/libdw.h>

struct live_lines;

/* Whether a unit has lines of dropped code. */
bool live_lines_needed(Dwarf_Die *unit);

/*
 * Read the lines of a unit, at most *n_left rows, which are taken off *n_left. Returns
 * NULL if memory runs out, or for what only libdw can read.
 */
struct live_lines *live_lines_new(Dwarf *dwarf, Dwarf_Die *unit, size_t *n_left);
void live_lines_free(struct live_lines *lines);

/* Find the line of an address, and the number of its file in the unit's table. Returns
 * false if there is none. */
bool live_lines_find(const struct live_lines *lines, Dwarf_Addr address, size_t *file,
		     int *line);
