/* SPDX-License-Identifier: MIT */
/* Graphs of heaps for tests: from lists of edges, and small ones at random. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "heap/graph.h"

#define SMALL_NODES 16 /* of a random graph, at most */
#define SMALL_EDGES 512
#define N_RANDOM 20000 /* graphs that a test looks at */

struct edge {
	uint32_t source, target;
};

struct small {
	uint32_t n_blocks, n_roots, n_edges;
	struct edge edges[SMALL_EDGES];
};

uint32_t next_random(uint64_t *state);

/* Fail the test if it cannot be built. */
void build_graph(struct heap_graph *graph, uint32_t n_blocks, uint32_t n_roots,
		 const struct edge *edges, size_t n_edges);

/*
 * Make a small graph; seed 0, 1, ... goes through all shapes: sparse, dense, without
 * cycles, a ring with chords, a tree, edges from anywhere to anywhere (to node 0, too),
 * each with self edges, with edges that are there several times, and with blocks that
 * nothing leads to. A quarter of the edges are possible ones.
 */
void make_small(struct small *small, uint64_t seed);
void build_small(struct heap_graph *graph, const struct small *small);

/* The nodes that node 0 leads to, as bits, if one were not there (HEAP_NONE: all are). */
uint32_t reach_without(const struct small *small, uint32_t removed);
