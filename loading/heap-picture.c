// SPDX-License-Identifier: MIT
/*
 * The edges of the graph come in the order of the snapshot's: those of node 0, of the
 * blocks, of the roots. So the offset of an edge is found by its number.
 */
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "analysis/catalog.h"
#include "contract/packed.h"

#include "loading/heap-picture.h"

static_assert(HEAP_POSSIBLE == HEAP_EDGE_POSSIBLE, "targets are handed on as they are");

static bool is_head(const struct picture *p, size_t block)
{
	return p->snapshot->blocks[block].leak == RHP_LEAK_DEFINITE;
}

static size_t end_of_words(const struct picture *p, size_t root)
{
	return root + 1 < p->roots.n_roots ? p->roots.roots[root + 1].first_word
					   : p->roots.n_words;
}

static bool is_lost(const struct picture *p, uint32_t target)
{
	uint8_t leak = p->snapshot->blocks[heap_node(target)].leak;

	return leak == RHP_LEAK_DEFINITE || leak == RHP_LEAK_INDIRECT;
}

/* The node that pointer k of block i keeps alive, with HEAP_EDGE_POSSIBLE if it is that.
 * What is lost keeps nothing but what is lost with it: other pointers of it count as
 * pointers of the block to itself, which say nothing. */
static uint32_t keeps(const struct picture *p, size_t i, uint64_t k)
{
	uint32_t target = p->snapshot->targets[k];

	if (!is_lost(p, (uint32_t)i) || is_lost(p, target))
		return target + 1;
	return ((uint32_t)i + 1) | (target & HEAP_EDGE_POSSIBLE);
}

/* Call `take` for each edge, in the order of their sources. */
static int visit_edges(struct picture *p,
		       int (*take)(struct picture *p, uint32_t source, uint32_t target))
{
	const struct heap_snapshot *s = p->snapshot;
	uint32_t lost = picture_first_root(p) + (uint32_t)p->roots.n_roots;
	int error = 0;

	for (uint64_t i = 0; i < picture_count_roots(p) && !error; i++)
		error = take(p, 0, picture_first_root(p) + (uint32_t)i);
	for (size_t i = 0; i < s->n_blocks && !error; i++)
		for (uint64_t k = s->first[i]; k < s->first[i + 1] && !error; k++)
			error = take(p, (uint32_t)i + 1, keeps(p, i, k));
	for (size_t i = 0; i < p->roots.n_roots && !error; i++)
		for (size_t k = p->roots.roots[i].first_word;
		     k < end_of_words(p, i) && !error; k++)
			error = take(p, picture_first_root(p) + (uint32_t)i,
				     p->roots.words[k]->target + 1);
	for (size_t i = 0; i < s->n_blocks && !error; i++)
		if (is_head(p, i))
			error = take(p, lost, (uint32_t)i + 1);
	return error;
}

static int count_edge(struct picture *p, uint32_t source, uint32_t target)
{
	(void)target;
	return heap_graph_count(&p->graph, source);
}

static int add_edge(struct picture *p, uint32_t source, uint32_t target)
{
	heap_graph_add(&p->graph, source, target);
	return 0;
}

int64_t picture_offset(const struct picture *p, uint64_t edge)
{
	uint64_t n_tops = picture_count_roots(p), n_edges = p->snapshot->n_edges;
	const struct heap_root *word;
	const struct heap_root_node *root;
	size_t low = 0, high = p->roots.n_roots;

	if (edge < n_tops)
		return 0;
	edge -= n_tops;
	if (edge < n_edges)
		return (int64_t)p->snapshot->offsets[edge] * RHP_EDGE_UNIT;
	edge -= n_edges;
	if (edge >= p->roots.n_words)
		return 0;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (p->roots.roots[middle].first_word <= edge)
			low = middle;
		else
			high = middle;
	}
	word = p->roots.words[edge];
	root = &p->roots.roots[low];
	return root->address ? (int64_t)(word->address - root->address) : 0;
}

int64_t picture_stack(const struct picture *p, const struct heap_block *block)
{
	const struct catalog *catalog = p->catalog;

	return block->stack < catalog->n_stacks ? catalog->stacks[block->stack].number
						: 0;
}

/* Sites of blocks are their stacks, and each root is one behind these. */
static int describe_nodes(struct picture *p)
{
	const struct heap_snapshot *s = p->snapshot;
	uint32_t most = 0;

	p->sizes = calloc(p->graph.n_nodes, sizeof(*p->sizes));
	p->sites = calloc(p->graph.n_nodes, sizeof(*p->sites));
	if (!p->sizes || !p->sites)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_blocks; i++) {
		p->sizes[i + 1] = s->blocks[i].size;
		p->sites[i + 1] = (uint32_t)picture_stack(p, &s->blocks[i]);
		if (p->sites[i + 1] > most)
			most = p->sites[i + 1];
	}
	for (uint32_t v = picture_first_root(p); v < p->graph.n_nodes; v++)
		p->sites[v] = ++most;
	return 0;
}

static int make_graph(struct picture *p)
{
	int error =
		heap_graph_init(&p->graph, p->snapshot->n_blocks, picture_count_roots(p));

	if (!error)
		error = visit_edges(p, count_edge);
	if (!error)
		error = heap_graph_reserve(&p->graph);
	if (!error)
		error = visit_edges(p, add_edge);
	return error ? error : describe_nodes(p);
}

uint32_t picture_target(const struct picture *p, uint64_t edge)
{
	edge -= picture_count_roots(p);
	return 1 + (edge < p->snapshot->n_edges
			    ? p->snapshot->targets[edge]
			    : p->roots.words[edge - p->snapshot->n_edges]->target);
}

static void count_all(struct picture *p)
{
	const struct heap_snapshot *s = p->snapshot;

	for (size_t i = 0; i < s->n_blocks; i++) {
		p->bytes += s->blocks[i].size;
		p->n_lost += is_head(p, i);
	}
	for (size_t i = 0; i < s->n_edges; i++)
		p->n_possible += (s->targets[i] & HEAP_EDGE_POSSIBLE) != 0;
	for (size_t i = 0; i < s->n_roots; i++)
		p->n_possible += (s->roots[i].target & HEAP_EDGE_POSSIBLE) != 0;
}

int picture_begin(struct picture *p, const struct heap_snapshot *snapshot,
		  const struct heap_roots_sources *sources)
{
	*p = (struct picture){.snapshot = snapshot, .catalog = sources->catalog};
	count_all(p);
	return heap_roots_make(&p->roots, snapshot, sources);
}

uint64_t picture_memory(const struct picture *p)
{
	const struct heap_snapshot *s = p->snapshot;
	uint64_t n_nodes = 1 + s->n_blocks + picture_count_roots(p);

	/* Node 0 points to the roots, and one root to what is lost. */
	return heap_memory(n_nodes, s->n_edges + s->n_roots + n_nodes);
}

int picture_find(struct picture *p)
{
	int error = make_graph(p);

	return error ? error : heap_find_facts(&p->graph, p->sizes, p->sites, &p->facts);
}

void picture_fini(struct picture *p)
{
	heap_facts_fini(&p->facts);
	heap_graph_fini(&p->graph);
	heap_roots_fini(&p->roots);
	free(p->sizes);
	free(p->sites);
}
