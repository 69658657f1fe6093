/* SPDX-License-Identifier: MIT */
/*
 * Looks up what the stacks of a registry are made of: each location becomes places, one
 * for each function inlined there, and so do tail calls that left no frame (inferred.h).
 * Places are the frames of a database, and have its numbers. Functions that return an int
 * return 0, -ENOMEM, or an error of `open`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/inferred.h"
#include "analysis/tree.h"

struct registry;
struct registry_stack;
struct symbols;

#define PLACE_NO_FILE UINT32_MAX

struct place {
	uint64_t address;      /* in the module's file */
	int64_t line;          /* 0: unknown */
	uint32_t function;     /* number of its name */
	uint32_t file;         /* number of its name, or PLACE_NO_FILE */
	uint32_t module;       /* 0: unknown */
	uint32_t inline_depth; /* 0: the innermost function at the address */
	bool exact;            /* the address is not a return address */
	bool inferred;
};

/* Set *symbols to those of a module of the registry, by its number, NULL if there are
 * none. They must stay open until the next call or the end of places_look_up. */
typedef int places_open_fn(void *context, uint32_t module, struct symbols **symbols);

struct places {
	struct registry *registry;
	struct place *places; /* by number; 0 is none */
	size_t n, n_max;
	struct names functions; /* UTF-8 */
	struct names files;     /* bytes as the debug information has them */
	struct inferred inferred;
	size_t n_locations, n_nodes, n_stacks; /* of the registry that are looked up */
	int64_t *stack;                        /* places of the stack in hand */
	size_t n_stack, n_stack_max;
};

/* Begin without places, for a registry that stays the caller's. */
void places_init(struct places *places, struct registry *registry);
void places_fini(struct places *places);

/* Add a place that is known already, with the next number. */
int places_know(struct places *places, const struct place *place, const char *function);

/* Take all that the registry has now as looked up. */
void places_know_registry(struct places *places);

/* Look up what the registry has gained: one module after the other, each once. */
int places_look_up(struct places *places, places_open_fn *open, void *context);

/* Set places->stack to the numbers of the places of a stack, the innermost first. */
int places_collect(struct places *places, const struct registry_stack *stack);
