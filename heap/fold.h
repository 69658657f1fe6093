/* SPDX-License-Identifier: MIT */
/*
 * The dominator tree by sites: what the blocks of a site retain, through which other
 * sites. A node belongs to the group of its dominator if it is of the same site, so a
 * list is one group however long it is. It belongs to a group further up if that is of
 * the same site, so objects and their tables that contain each other are two groups
 * however deep they are. All other nodes of a site that are dominated by one group are a
 * group below that.
 */
#pragma once

#include <stdint.h>

struct heap_graph;
struct heap_tree;

#define HEAP_FOLD_REACH 64 /* groups that are looked at on the way up */
#define HEAP_FOLD_MAX                                                                    \
	(UINT32_C(1) << 18) /* groups; what would be one more is counted in              \
			     * the group of its dominator */

struct heap_group {
	uint32_t parent; /* a group with a lower number; HEAP_NONE: this is group 0 */
	uint32_t site;   /* HEAP_NONE: group 0, which is that of node 0 */
	uint32_t blocks; /* of its own; roots are none */
	uint32_t retained_blocks; /* with those of all groups below */
	uint64_t bytes, retained_bytes;
};

struct heap_fold {
	struct heap_group *groups;
	uint32_t n_groups;
	uint32_t n_unfolded; /* nodes that would have had groups beyond HEAP_FOLD_MAX */
	uint32_t *group;     /* of each node; HEAP_NONE of those that cannot be reached */
};

/*
 * Fold a dominator tree. `sizes` and `sites` have the bytes and the site of each node;
 * the site of node 0 does not matter, and roots that are to be told apart have sites of
 * their own. Returns 0, or -ENOMEM. The fold, uninitialized before, is to be ended by
 * heap_fold_fini in both cases.
 */
int heap_fold(const struct heap_graph *graph, const struct heap_tree *tree,
	      const uint64_t *sizes, const uint32_t *sites, struct heap_fold *fold);

void heap_fold_fini(struct heap_fold *fold);
