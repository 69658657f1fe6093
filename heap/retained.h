/* SPDX-License-Identifier: MIT */
/* Sums over the dominator tree: what would go with a node. */
#pragma once

#include <stdint.h>

struct heap_graph;
struct heap_tree;

/*
 * Sum up what each node retains: itself and all that it dominates. `sizes` has the bytes
 * of each node; `bytes` and `blocks` have room for each node, and are 0 for those that
 * cannot be reached. Of `blocks` only blocks count, not roots. `bytes` may be `sizes`
 * itself.
 */
void heap_retained(const struct heap_graph *graph, const struct heap_tree *tree,
		   const uint64_t *sizes, uint64_t *bytes, uint32_t *blocks);
