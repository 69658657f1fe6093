/* SPDX-License-Identifier: MIT */
/*
 * Numbers names, and builds trees of such numbers: stacks as call trees. For frames.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/map.h"

/* A set of names, which are numbered from 0. A zeroed struct names is empty. */
struct names {
	void *tree; /* tsearch */
	char **texts;
	size_t n_texts, n_texts_max;
};

/* Return the number of a name, which is added if it is new; MAP_NONE if memory runs
 * out. */
uint32_t names_number(struct names *names, const char *text);
void names_fini(struct names *names);

/* A zeroed struct tree has only the root, node 0. */
struct tree {
	struct tree_node {
		uint32_t name;
		uint32_t child, sibling; /* 0: none */
	} * nodes;
	size_t n_nodes_max;
	uint32_t n_nodes;    /* the root not counted */
	struct map children; /* parent and name -> a child that is in no list */
};

/* Return the child of a node, which must be there, with this name, which is added if it
 * is new: its number is then n_nodes. Returns MAP_NONE if memory runs out. */
uint32_t tree_child(struct tree *tree, uint32_t parent, uint32_t name);
void tree_fini(struct tree *tree);
