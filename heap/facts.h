/* SPDX-License-Identifier: MIT */
/* All that this room finds of a graph, in one go, and the memory that it takes. */
#pragma once

#include <stdint.h>

#include "heap/dominators.h"
#include "heap/fold.h"
#include "heap/paths.h"

struct heap_graph;

struct heap_facts {
	struct heap_tree tree;
	struct heap_paths paths;
	struct heap_fold fold;
	uint64_t *retained_bytes; /* of each node; see retained.h */
	uint32_t *retained_blocks;
};

/*
 * The bytes that a graph with arrays of sizes and sites and the facts about it take at
 * the most, while they are made and after that. At 10 million blocks and 1.5 edges a
 * block it is 57 bytes a block.
 */
uint64_t heap_memory(uint64_t n_nodes, uint64_t n_edges);

/*
 * Find all facts. `sizes` and `sites` are as in fold.h. Returns 0, or -ENOMEM. The facts,
 * uninitialized before, are to be ended by heap_facts_fini in both cases.
 */
int heap_find_facts(const struct heap_graph *graph, const uint64_t *sizes,
		    const uint32_t *sites, struct heap_facts *facts);

void heap_facts_fini(struct heap_facts *facts);
