/* SPDX-License-Identifier: MIT */
/*
 * What all traces of a database share: modules by build id, functions, code
 * locations, stacks as a tree of locations. Each trace's catalog is taken over when
 * its events have been read; frames.c then looks up the new locations and writes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/map.h"

struct catalog;

struct library_module {
	char *path; /* bytes; of the first trace that had it */
	uint8_t *build_id;
	size_t build_id_size;
};

struct library_function {
	char *name, *family; /* UTF-8, demangled */
};

/* An address that is looked up once. */
struct library_location {
	uint64_t address; /* in the module's file, or in the process if that is unknown */
	uint32_t module;  /* 0: unknown */
	bool exact;       /* an interrupted instruction, not a return address */
	int64_t first_frame;
	uint32_t n_frames; /* inlined functions; 0: not looked up yet */
};

struct library_node {
	uint32_t parent;   /* towards the outermost; 0: none */
	uint32_t location; /* index */
	uint32_t depth;
};

enum library_stack_flags {
	STACK_TRUNCATED = 1,
	STACK_INCOMPLETE = 2,
	STACK_UNSAMPLED = 4,
	STACK_DAMAGED = 8,
};

struct library_stack {
	uint32_t node;     /* innermost; 0: no frames */
	uint32_t function; /* number, 0: unknown */
	uint8_t flags;     /* enum library_stack_flags */
};

struct library {
	/* By number - 1 */
	struct library_module *modules;
	size_t n_modules, n_modules_max;
	struct library_function *functions;
	size_t n_functions, n_functions_max;
	void *module_tree, *function_tree; /* tsearch */
	struct library_location *locations;
	size_t n_locations, n_locations_max;
	struct map pages, location_map;
	/* By number; 0 is none */
	struct library_node *nodes;
	size_t n_nodes, n_nodes_max;
	struct map node_map;
	struct library_stack *stacks; /* 0 is the unknown stack */
	size_t n_stacks, n_stacks_max;
	struct map stack_map;
};

/* All that can fail does so by -ENOMEM. */
int library_init(struct library *library);
void library_fini(struct library *library);

/* Add what is not there; into *number (from 1), *index or *node where it is. */
int library_module(struct library *library, const char *path, const uint8_t *build_id,
		   size_t build_id_size, uint32_t *number);
int library_function(struct library *library, const char *name, const char *family,
		     uint32_t *number);
int library_location(struct library *library, const struct library_location *location,
		     uint32_t *index);
int library_node(struct library *library, uint32_t parent, uint32_t location,
		 uint32_t *node);
int library_stack(struct library *library, const struct library_stack *stack,
		  uint32_t *number);

/*
 * Take over the modules, functions and used stacks of a catalog: their `shared` and
 * `number` are set. Stacks deeper than max_depth frames are damage and cut.
 */
int library_take(struct library *library, struct catalog *catalog, uint32_t max_depth);
