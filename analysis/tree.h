/* SPDX-License-Identifier: MIT */
/*
 * Names with numbers, and a tree of such numbers: stacks as call trees. For frames.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/map.h"

/* Zeroed, it is empty. Names are numbered from 0. */
struct names {
	void *tree; /* tsearch */
	char **texts;
	size_t n_texts, n_texts_max;
};

/* The number of a name, a new one if it is new; MAP_NONE if memory is out. */
uint32_t names_number(struct names *names, const char *text);
void names_fini(struct names *names);

/* Zeroed, it has the root only, node 0. */
struct tree {
	struct map children; /* parent and name -> node */
	uint32_t n_nodes;    /* the root not counted */
};

/* The child of a node with this name: its number, n_nodes at most, which it is if it
 * is new; MAP_NONE if memory is out. */
uint32_t tree_child(struct tree *tree, uint32_t parent, uint32_t name);
void tree_fini(struct tree *tree);
