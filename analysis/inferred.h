/* SPDX-License-Identifier: MIT */
/*
 * Keeps the frames that stand between a call and the function that was really entered
 * (symbols_find_jumps), by call and function. For places.c. Functions that return an int
 * return 0 or -ENOMEM.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/map.h"

struct registry;

/* A location whose call, by its address, entered another one, or an allocator. */
struct inferred_pair {
	uint32_t outer;     /* location */
	uint32_t inner;     /* location, or INFERRED_ALLOCATOR */
	uint32_t allocator; /* number of the function, then */
};
#define INFERRED_ALLOCATOR UINT32_MAX

struct inferred {
	struct map numbers; /* pair -> its list, counted from 1; 0: it has no frames */
	struct inferred_list {
		size_t first;
		uint32_t n;
	} * lists;
	size_t n_lists, n_lists_max;
	int64_t *frames; /* of the lists, innermost first */
	size_t n_frames, n_frames_max;
	struct inferred_pair *pairs; /* to be asked, by module of `outer` */
	size_t n_pairs, n_pairs_max;
	bool *has_lists; /* by location: it is the outer one of a list */
	size_t n_has_lists;
};

/* A zeroed struct inferred is empty. */
void inferred_fini(struct inferred *inferred);

/* Set the pairs to those of the nodes and stacks from there on that may have such frames:
 * both locations are of one module. */
int inferred_collect(struct inferred *inferred, const struct registry *registry,
		     size_t first_node, size_t first_stack);

/* Set the frames of a pair, innermost first. */
int inferred_put(struct inferred *inferred, const struct inferred_pair *pair,
		 const int64_t *frames, size_t n);

/* Return the frames of a pair, and their number: 0 if there are none. */
size_t inferred_get(const struct inferred *inferred, const struct inferred_pair *pair,
		    const int64_t **frames);
