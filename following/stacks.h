/* SPDX-License-Identifier: MIT */
/*
 * The stacks of a trace that grows: their frames and their owners (analysis/owner.h), as
 * rheaper-load would have them if the trace ended now. Functions that return an int
 * return 0 or -ENOMEM.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/places.h"
#include "analysis/registry.h"

struct catalog;
struct owners;
struct symbol_settings;

struct stack_settings {
	const struct symbol_settings *symbols; /* NULL: names are offsets */
	const char *const *wrappers;           /* patterns, as owners_new has them */
	size_t n_wrappers;
};

struct stacks {
	struct catalog *catalog;
	struct stack_settings settings;
	uint32_t max_depth;
	struct registry registry; /* whose numbers the stacks of the catalog have */
	struct places places;
	struct opened *opened; /* symbols, by number of the module */
	size_t n_opened;
	struct owners *owners;
	size_t n_places_known, n_stacks_known; /* to the owners */
	size_t n_modules;       /* of the catalog, when its nodes were taken over */
	double *blocks, *bytes; /* of the stacks of the registry */
	size_t n_blocks_max, n_bytes_max;
	size_t n_stacks_found; /* when wrappers were looked for */
	double blocks_found;
	unsigned int round; /* how often they were */
};

/* Begin without stacks. The catalog and what the settings point to stay the caller's. */
int stacks_init(struct stacks *stacks, struct catalog *catalog, uint32_t max_depth,
		const struct stack_settings *settings);
void stacks_fini(struct stacks *stacks);

/*
 * Take in what the catalog has gained. Wrappers are looked for anew when the stacks have
 * become a quarter more or the blocks twice as many, and if `over`, which says that no
 * more will come. A stack that is new in between gets its owner by the wrappers that are
 * known.
 */
int stacks_update(struct stacks *stacks, bool over);

/* Close the symbols, which stay open for the stacks that come: they are opened again. */
void stacks_close_symbols(struct stacks *stacks);

/* Set stacks->places.stack to the frames of a stack of the registry, and *owner to the
 * index of its owner there. */
int stacks_collect(struct stacks *stacks, uint32_t stack, size_t *owner);

/* Write the way from the allocator to the owner of the stack that was collected last, in
 * OWNER_CHAIN_SIZE bytes. */
void stacks_format_chain(const struct stacks *stacks, uint32_t stack, size_t owner,
			 char *text);

/* Return the name of the function that a stack calls, or NULL. */
const char *stacks_allocator(const struct stacks *stacks, uint32_t stack);
