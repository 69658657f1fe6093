/* SPDX-License-Identifier: MIT */
/*
 * The tree of a report merged by function, with one value: from main downwards, or from
 * the allocating functions outwards. Nodes are as in nodes.h, with functions for frames;
 * those that start the program or a thread are left out.
 */
#pragma once

#include "report/model.h"

struct calltree {
	struct nodes tree;
	double *all;         /* of each node: of itself and all below it */
	double *self;        /* of itself alone */
	uint32_t **children; /* of each node, the largest first, ends with 0 */
	uint32_t *child_space;
};

/* Make the tree. `callers`: from the innermost functions outwards. Dies if memory runs
 * out. */
struct calltree calltree_make(const struct report *report, enum report_value value,
			      bool callers);
void calltree_fini(struct calltree *calltree);
