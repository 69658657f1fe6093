/* SPDX-License-Identifier: MIT */
/*
 * Writes what is new in a registry: modules, functions, stacks; which frames these
 * have, and what source each frame is. For load.c, when all traces have been read.
 */
#pragma once

#include <stdint.h>

struct frames;
struct registry;
struct store;
struct symbol_settings;

/* Everything dies if memory is out. */
struct frames *frames_new(struct registry *registry, struct store *store);
void frames_free(struct frames *frames);

/* A frame, and a node of a tree, that the database has, in the order of their numbers:
 * those of each kind one by one from 1. */
void frames_know_frame(struct frames *frames, const char *sym);
void frames_know_top_down(struct frames *frames, uint32_t parent, const char *sym);
void frames_know_bottom_up(struct frames *frames, uint32_t parent, const char *sym);

/* What is in the registry now is in the database. */
void frames_know_registry(struct frames *frames);

/*
 * Write the tables modules, functions, frames, stacks, stack_frames, top_down and
 * bottom_up. Without settings, names are module+0xoffset. Warns once of each module
 * that cannot be used.
 */
void frames_write(struct frames *frames, const struct symbol_settings *settings);
