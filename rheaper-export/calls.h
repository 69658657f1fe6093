/* SPDX-License-Identifier: MIT */
/* What formats with a tree of calls share. Every function dies if memory runs out. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/map.h"
#include "database/profile.h"

/* Numbers from 0 for the numbers of a database, in the order in which they are added. */
struct numbers {
	struct map map;
	uint32_t n;
};

#define NUMBERS_NONE MAP_NONE

/* Add a number, or find it. */
uint32_t numbers_add(struct numbers *numbers, int64_t key);
uint32_t numbers_find(const struct numbers *numbers, int64_t key);
/* Give a number the value of another. */
void numbers_put(struct numbers *numbers, int64_t key, uint32_t value);
void numbers_fini(struct numbers *numbers);

/* A tree of calls. Node 0 is its root; parents come before children. */
struct calls {
	struct call {
		uint32_t parent;
		uint32_t frame; /* whatever the user numbers */
	} * nodes;
	size_t n_nodes, n_nodes_max;
	struct map children;
};

/* Return the child of a node that is a call of `frame`; a new one if there is none. */
uint32_t calls_child(struct calls *calls, uint32_t parent, uint32_t frame);
void calls_fini(struct calls *calls);

/*
 * Write a frame as Valgrind does: "0x1234: function (file:line)" or "(in module)",
 * without control characters. For the caller to free.
 */
char *calls_label(const struct profile_frame *frame);
