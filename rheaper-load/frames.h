/* SPDX-License-Identifier: MIT */
/*
 * Writes the stacks that a trace used: which frames they have, and what source
 * each frame is. For main.c, after the blocks.
 */
#pragma once

#include <stdint.h>

struct catalog;
struct store;
struct symbol_settings;

struct frames_result {
	uint64_t n_stacks, n_frames;
	uint64_t incomplete; /* stacks whose unwinding stopped early */
	uint64_t damaged;    /* stacks that name nodes which are not there */
};

/*
 * Write the tables modules, functions, frames, stacks, stack_frames and
 * stack_totals. Without settings, names are module+0xoffset. Warns once of each
 * module that cannot be used; dies if memory is out.
 */
struct frames_result frames_write(const struct catalog *catalog, struct store *store,
				  uint32_t max_depth,
				  const struct symbol_settings *settings);
