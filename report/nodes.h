/* SPDX-License-Identifier: MIT */
/*
 * All stacks of a report as one tree of frames, from the outermost. Node 0 is the root;
 * parents come before children. Dies if memory runs out.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "analysis/tree.h"

struct node {
	uint32_t parent, frame;
	uint32_t site;   /* plus 1, of the stacks that end here; 0: none does */
	uint32_t folded; /* nodes that it stands for, 0: it is one itself */
};

struct nodes {
	struct node *nodes;
	size_t n, n_max;
	struct tree index;
};

/* Make a tree that has only its root. */
void nodes_init(struct nodes *nodes);
void nodes_fini(struct nodes *nodes);

/* Return the child of a node with that frame, which is added if it is new. */
uint32_t nodes_child(struct nodes *nodes, uint32_t parent, uint32_t frame);

/* The same for the node that stands for what was folded below a parent, of one site. */
uint32_t nodes_folded(struct nodes *nodes, uint32_t parent, uint32_t site);
