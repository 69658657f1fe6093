/* SPDX-License-Identifier: MIT */
/*
 * Holds what the traces of a database share: modules by build id, functions, code
 * locations, and stacks as a tree of locations. It takes over the catalog of each trace
 * whose events have been read; frames.c then looks up the new locations and writes them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/tree.h"
#include "common/map.h"

struct catalog;

struct registry_module {
	char *path; /* bytes; of the first trace that had it */
	uint8_t *build_id;
	size_t build_id_size;
};

struct registry_function {
	char *name, *family; /* UTF-8, demangled */
};

/* An address that is looked up once. */
struct registry_location {
	uint64_t address; /* in the module's file; without a module, in the process */
	uint32_t module;  /* 0: unknown */
	bool exact;       /* an interrupted instruction, not a return address */
	int64_t first_frame;
	uint32_t n_frames; /* inlined functions; 0: not looked up yet */
};

struct registry_node {
	uint32_t parent;   /* towards the outermost; 0: none */
	uint32_t location; /* index */
	uint32_t depth;
};

enum registry_stack_flags {
	STACK_TRUNCATED = 1,
	STACK_INCOMPLETE = 2,
	STACK_UNSAMPLED = 4,
	STACK_DAMAGED = 8,
};

struct registry_stack {
	uint32_t node;     /* innermost; 0: no frames */
	uint32_t function; /* number, 0: unknown */
	uint8_t flags;     /* enum registry_stack_flags */
};

struct registry {
	/* By number - 1 */
	struct registry_module *modules;
	size_t n_modules, n_modules_max;
	struct registry_function *functions;
	size_t n_functions, n_functions_max;
	void *module_tree, *function_tree; /* tsearch */
	struct registry_location *locations;
	size_t n_locations, n_locations_max;
	struct map pages, location_map;
	/* By number; 0 is none */
	struct registry_node *nodes;
	size_t n_nodes, n_nodes_max;
	struct tree tree;              /* the same nodes, by location */
	struct registry_stack *stacks; /* 0 is the unknown stack */
	size_t n_stacks, n_stacks_max;
	struct map stack_map;
};

/* Make an empty registry. Every function here that returns an int returns 0 or
 * -ENOMEM. */
int registry_init(struct registry *registry);
void registry_fini(struct registry *registry);

/* Add a thing unless it is there, and set *number (from 1), *index or *node to its
 * place. */
int registry_module(struct registry *registry, const char *path, const uint8_t *build_id,
		    size_t build_id_size, uint32_t *number);
int registry_function(struct registry *registry, const char *name, const char *family,
		      uint32_t *number);
int registry_location(struct registry *registry, const struct registry_location *location,
		      uint32_t *index);
int registry_node(struct registry *registry, uint32_t parent, uint32_t location,
		  uint32_t *node);
int registry_stack(struct registry *registry, const struct registry_stack *stack,
		   uint32_t *number);

/*
 * Take over the modules, functions and used stacks of a catalog, and set their `shared`
 * and `number`. Stacks deeper than max_depth frames are damage, and are cut.
 */
int registry_take(struct registry *registry, struct catalog *catalog, uint32_t max_depth);
