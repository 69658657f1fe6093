/* SPDX-License-Identifier: MIT */
/*
 * Writes what a registry has gained to the database: modules, functions and stacks, the
 * frames of each stack, and the source line of each frame. For load.c, when all traces
 * have been read.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct frame_row;
struct frames;
struct inferred_pair;
struct owner_settings;
struct registry;
struct store;
struct symbol_settings;

/*
 * Create a writer for a registry and a store, which stay the caller's. Every function
 * here dies if memory runs out.
 */
struct frames *frames_new(struct registry *registry, struct store *store);
void frames_free(struct frames *frames);

/*
 * Say that the database already has a frame. Call this once for each, in the order of
 * their numbers, which begin with 1; and then the next two likewise.
 */
void frames_know_frame(struct frames *frames, const struct frame_row *frame,
		       const char *sym);

/* The same of a node of a call tree, which is below a node that is known. Returns its
 * number: that of an older one with the same parent and function if there is one. */
uint32_t frames_know_top_down(struct frames *frames, uint32_t parent, int64_t frame);
uint32_t frames_know_bottom_up(struct frames *frames, uint32_t parent, int64_t frame);

/* Say that a stack of the database has these frames for a pair (inferred.h). */
void frames_know_inferred(struct frames *frames, const struct inferred_pair *pair,
			  const int64_t *inferred, size_t n);

/* Say that the database already has all that the registry has now. */
void frames_know_registry(struct frames *frames);

/*
 * Write what is new to the tables modules, allocators, frames, stacks, top_down_nodes
 * and bottom_up_nodes, when stack_totals is written; and wrappers, owner_chains and
 * the owners of all stacks anew. If `symbols` is NULL, no symbols are read, and functions
 * are named MODULE+0xOFFSET. Warns once for each module whose symbols cannot be read, and
 * for those without a build id whose files were written after `begun_ns`, since 1970.
 */
void frames_write(struct frames *frames, const struct symbol_settings *symbols,
		  const struct owner_settings *owners, uint64_t begun_ns);
