/* SPDX-License-Identifier: MIT */
/*
 * Dominators: a node dominates another one if every path from node 0 to that one leads
 * through it. Of a block, the dominator is then what keeps it alive alone: were that
 * freed, nothing else would lead there.
 *
 * The method is semi-NCA (L. Georgiadis, R. E. Tarjan and R. F. Werneck, Finding
 * Dominators in Practice, Journal of Graph Algorithms and Applications 10 (1), 2006),
 * with the path compression of T. Lengauer and R. E. Tarjan (A Fast Algorithm for Finding
 * Dominators in a Flowgraph, ACM Transactions on Programming Languages and Systems 1 (1),
 * 1979). Its second half is quadratic where a long list leads to many blocks that have
 * other holders, too; the jumps of E. W. Myers (An Applicative Random-Access Stack,
 * Information Processing Letters 17 (5), 1983) make that n log n.
 *
 * Possible edges count as exact ones do: a block with a second holder that is only
 * possible is kept by both. So what a node retains is never more than is certain.
 */
#pragma once

#include <stdint.h>

struct heap_graph;

struct heap_tree {
	uint32_t n_nodes;    /* that can be reached from node 0, which is counted */
	uint32_t *order;     /* these, each behind its dominator: order[0] is node 0 */
	uint32_t *dominator; /* of each node of the graph, the closest one; HEAP_NONE of
			      * node 0 and of those that cannot be reached */
};

/*
 * Find the dominators of a graph. Nothing is recursive; n nodes and m edges take at
 * most m log n steps, nearly always linear time. Returns 0, or -ENOMEM. The tree,
 * uninitialized before, is to be ended by heap_tree_fini in both cases.
 */
int heap_dominators(const struct heap_graph *graph, struct heap_tree *tree);

void heap_tree_fini(struct heap_tree *tree);
