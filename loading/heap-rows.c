// SPDX-License-Identifier: MIT
/*
 * A snapshot becomes a graph of the room heap/: its blocks as they come, then the roots,
 * and one more root for what is lost, which points to all definitely lost blocks. The
 * edges of the graph come in the order of the snapshot's: those of node 0, of the blocks,
 * of the roots. So the offset of an edge is found by its number.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/catalog.h"
#include "common/cli.h"
#include "contract/packed.h"
#include "database/store.h"
#include "heap/facts.h"
#include "heap/graph.h"
#include "loading/heap-roots.h"
#include "trace/reader.h"

#include "loading/heap-rows.h"

#define LARGE (UINT64_C(1) << 30) /* bytes of memory that are worth a word */
#define MIB 1048576.0

struct picture {
	const struct heap_rows *rows;
	const struct heap_snapshot *snapshot;
	struct store *store;
	int64_t number;
	struct heap_roots roots;
	struct heap_graph graph;
	uint64_t *sizes;
	uint32_t *sites;
	struct heap_facts facts;
	uint32_t n_lost; /* heads of what is lost */
	uint64_t n_possible;
	uint64_t bytes;
};

static bool is_lost(const struct picture *p, size_t block)
{
	return p->snapshot->blocks[block].leak == RHP_LEAK_DEFINITE;
}

static uint32_t first_root(const struct picture *p)
{
	return (uint32_t)p->snapshot->n_blocks + 1;
}

static uint64_t count_roots(const struct picture *p)
{
	return p->roots.n_roots + (p->n_lost > 0);
}

static size_t end_of_words(const struct picture *p, size_t root)
{
	return root + 1 < p->roots.n_roots ? p->roots.roots[root + 1].first_word
					   : p->roots.n_words;
}

static bool is_lost_block(const struct picture *p, uint32_t target)
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

	if (!is_lost_block(p, (uint32_t)i) || is_lost_block(p, target))
		return target + 1;
	return ((uint32_t)i + 1) | (target & HEAP_EDGE_POSSIBLE);
}

/* Call `take` for each edge, in the order of their sources. */
static int visit_edges(struct picture *p,
		       int (*take)(struct picture *p, uint32_t source, uint32_t target))
{
	const struct heap_snapshot *s = p->snapshot;
	uint32_t lost = first_root(p) + (uint32_t)p->roots.n_roots;
	int error = 0;

	for (uint64_t i = 0; i < count_roots(p) && !error; i++)
		error = take(p, 0, first_root(p) + (uint32_t)i);
	for (size_t i = 0; i < s->n_blocks && !error; i++)
		for (uint64_t k = s->first[i]; k < s->first[i + 1] && !error; k++)
			error = take(p, (uint32_t)i + 1, keeps(p, i, k));
	for (size_t i = 0; i < p->roots.n_roots && !error; i++)
		for (size_t k = p->roots.roots[i].first_word;
		     k < end_of_words(p, i) && !error; k++)
			error = take(p, first_root(p) + (uint32_t)i,
				     p->roots.words[k]->target + 1);
	for (size_t i = 0; i < s->n_blocks && !error; i++)
		if (is_lost(p, i))
			error = take(p, lost, (uint32_t)i + 1);
	return error;
}

static int count_edge(struct picture *p, uint32_t source, uint32_t target)
{
	p->n_possible += (target & HEAP_EDGE_POSSIBLE) != 0;
	return heap_graph_count(&p->graph, source);
}

static int add_edge(struct picture *p, uint32_t source, uint32_t target)
{
	heap_graph_add(&p->graph, source, target);
	return 0;
}

/* The offset of an edge's pointer in its source */
static int64_t offset_of(const struct picture *p, uint64_t edge)
{
	uint64_t n_tops = count_roots(p), n_edges = p->snapshot->n_edges;
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

static int64_t stack_of(const struct picture *p, const struct heap_block *block)
{
	const struct catalog *catalog = p->rows->catalog;

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
		p->sites[i + 1] = (uint32_t)stack_of(p, &s->blocks[i]);
		if (p->sites[i + 1] > most)
			most = p->sites[i + 1];
	}
	for (uint32_t v = first_root(p); v < p->graph.n_nodes; v++)
		p->sites[v] = ++most;
	return 0;
}

static int make_graph(struct picture *p)
{
	int error = heap_graph_init(&p->graph, p->snapshot->n_blocks, count_roots(p));

	if (!error)
		error = visit_edges(p, count_edge);
	if (!error)
		error = heap_graph_reserve(&p->graph);
	if (!error)
		error = visit_edges(p, add_edge);
	return error ? error : describe_nodes(p);
}

static void write_snapshot(const struct picture *p, const char *error)
{
	const struct heap_snapshot *s = p->snapshot;

	store_heap_snapshot(p->store,
			    &(struct heap_snapshot_row){
				    .snapshot = p->number,
				    .process = p->rows->where->process,
				    .name = s->name,
				    .at_ns = reader_ns(p->rows->reader, s->ticks),
				    .blocks = (int64_t)s->n_blocks,
				    .bytes = (int64_t)p->bytes,
				    .edges = (int64_t)(s->n_edges + s->n_roots),
				    .possible_edges = (int64_t)p->n_possible,
				    .roots = (int64_t)count_roots(p),
				    .error = error,
			    });
}

static int64_t dominator_of(const struct picture *p, uint32_t node)
{
	uint32_t dominator = p->facts.tree.dominator[node];

	return dominator == HEAP_NONE ? HEAP_NO_NODE : dominator;
}

static void write_block(const struct picture *p, uint32_t node)
{
	const struct heap_block *block = &p->snapshot->blocks[node - 1];
	uint32_t holder = p->facts.paths.holder[node];
	bool is_held = holder != HEAP_NONE;

	store_heap_block(
		p->store,
		&(struct heap_block_row){
			.snapshot = p->number,
			.node = node,
			.address = (int64_t)block->address,
			.size = (int64_t)block->size,
			.stack = stack_of(p, block),
			.leak_kind = block->leak,
			.dominator = dominator_of(p, node),
			.retained_bytes = (int64_t)p->facts.retained_bytes[node],
			.retained_blocks = p->facts.retained_blocks[node],
			.holder = is_held ? heap_node(holder) : HEAP_NO_NODE,
			.holder_offset = is_held ? offset_of(p, p->facts.paths.edge[node])
						 : HEAP_NO_NODE,
			.holder_possible = is_held ? (holder & HEAP_EDGE_POSSIBLE) != 0
						   : HEAP_NO_NODE,
		});
}

static int64_t thread_of(const struct picture *p, uint32_t tid)
{
	const struct catalog *catalog = p->rows->catalog;

	for (size_t i = 0; tid && i < catalog->n_threads; i++)
		if (catalog->threads[i].tid == tid)
			return p->rows->where->threads +
			       (int64_t)catalog->threads[i].number;
	return 0;
}

static const char *kind_of(const struct heap_root_node *root)
{
	static const char *const kinds[RHP_N_ROOT_KINDS] = {
		[RHP_ROOT_MEMORY] = "memory",       [RHP_ROOT_STACK] = "stack",
		[RHP_ROOT_TLS] = "thread-local",    [RHP_ROOT_WORD] = "register",
		[RHP_ROOT_ALLOCATOR] = "allocator", [RHP_ROOT_MOVING] = "moving",
	};

	return root->kind == RHP_ROOT_MEMORY && root->module != HEAP_ROOT_NO_MODULE
		       ? "global"
		       : kinds[root->kind];
}

static void write_roots(const struct picture *p)
{
	for (uint32_t i = 0; i < count_roots(p); i++) {
		uint32_t node = first_root(p) + i;
		struct heap_root_row row = {
			.snapshot = p->number,
			.node = node,
			.kind = "lost",
			.retained_bytes = (int64_t)p->facts.retained_bytes[node],
			.retained_blocks = p->facts.retained_blocks[node],
		};

		if (i < p->roots.n_roots) {
			const struct heap_root_node *root = &p->roots.roots[i];

			row.kind = kind_of(root);
			row.name = root->name;
			row.file = root->file;
			row.line = root->line;
			row.thread = thread_of(p, root->tid);
			row.address = (int64_t)root->address;
			if (root->module != HEAP_ROOT_NO_MODULE)
				row.module =
					p->rows->catalog->modules[root->module].shared;
		}
		store_heap_root(p->store, &row);
	}
}

/* The block that a pointer leads to, whether that counts or not. */
static uint32_t target_of(const struct picture *p, uint64_t edge)
{
	edge -= count_roots(p);
	return 1 + (edge < p->snapshot->n_edges
			    ? p->snapshot->targets[edge]
			    : p->roots.words[edge - p->snapshot->n_edges]->target);
}

/* Those of node 0 are no pointers, nor are those to what is lost. */
static void write_edges(const struct picture *p)
{
	const struct heap_graph *g = &p->graph;
	uint32_t end = first_root(p) + (uint32_t)p->roots.n_roots;

	for (uint32_t v = 1; v < end; v++)
		for (uint32_t edge = g->first[v]; edge < g->first[v + 1]; edge++)
			store_heap_edge(p->store,
					&(struct heap_edge_row){
						.snapshot = p->number,
						.source = v,
						.edge = edge,
						.target = heap_node(target_of(p, edge)),
						.offset = offset_of(p, edge),
						.possible = (g->targets[edge] &
							     HEAP_EDGE_POSSIBLE) != 0,
					});
}

static void write_groups(const struct picture *p)
{
	const struct heap_fold *fold = &p->facts.fold;
	uint32_t site_of_first =
		p->sites[p->graph.n_nodes - 1] + 1 - (uint32_t)count_roots(p);

	for (uint32_t i = 0; i < fold->n_groups; i++) {
		const struct heap_group *group = &fold->groups[i];
		bool is_root = i > 0 && count_roots(p) && group->site >= site_of_first;

		store_heap_group(
			p->store,
			&(struct heap_group_row){
				.snapshot = p->number,
				.heap_group = i,
				.parent = i ? group->parent : HEAP_NO_NODE,
				.root = is_root ? first_root(p) + group->site -
							  site_of_first
						: 0,
				.stack = i && !is_root ? group->site : HEAP_NO_NODE,
				.blocks = group->blocks,
				.bytes = (int64_t)group->bytes,
				.retained_blocks = group->retained_blocks,
				.retained_bytes = (int64_t)group->retained_bytes,
			});
	}
}

/* Bytes that are free, or UINT64_MAX if nobody knows */
static uint64_t available_memory(void)
{
	FILE *info = fopen("/proc/meminfo", "re");
	uint64_t kib = UINT64_MAX;
	char line[128];

	while (info && fgets(line, sizeof(line), info))
		if (sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1)
			break;
	if (info)
		fclose(info);
	return kib == UINT64_MAX ? kib : kib * 1024;
}

/* Return why there is not enough memory, or NULL; says how much it takes if that is much.
 */
static const char *check_memory(const struct picture *p)
{
	const struct heap_snapshot *s = p->snapshot;
	uint64_t n_nodes = 1 + s->n_blocks + count_roots(p);
	uint64_t needed = heap_memory(n_nodes, s->n_edges + s->n_roots + n_nodes);

	if (needed > available_memory())
		return "there is not enough memory to find what holds its blocks";
	if (needed > LARGE)
		warn("read %s: to find what holds the %zu blocks of the heap snapshot "
		     "'%s' takes up to %.0f MiB of memory",
		     p->rows->trace, s->n_blocks, s->name, (double)needed / MIB);
	return NULL;
}

static void count_blocks(struct picture *p)
{
	for (size_t i = 0; i < p->snapshot->n_blocks; i++) {
		p->bytes += p->snapshot->blocks[i].size;
		p->n_lost += is_lost(p, i);
	}
}

static int find_all(struct picture *p)
{
	const struct heap_rows *r = p->rows;
	const struct heap_roots_sources sources = {
		.catalog = r->catalog,
		.symbols = r->symbols,
		.executable = reader_header(r->reader)->executable,
	};
	int error = heap_roots_make(&p->roots, p->snapshot, &sources);

	if (!error)
		error = make_graph(p);
	return error ? error : heap_find_facts(&p->graph, p->sizes, p->sites, &p->facts);
}

static void write_tables(const struct picture *p)
{
	write_snapshot(p, NULL);
	for (uint32_t v = 1; v < first_root(p); v++)
		write_block(p, v);
	write_roots(p);
	write_edges(p);
	write_groups(p);
}

static void write_one(const struct heap_rows *rows, struct store *store,
		      const struct heap_snapshot *snapshot)
{
	struct picture p = {.rows = rows, .store = store, .snapshot = snapshot};
	const char *reason;

	p.number = store_next_heap_snapshot(store);
	count_blocks(&p);
	if (snapshot->error == EBADMSG)
		reason = "pointers are missing in the trace";
	else
		reason = snapshot->error ? strerror(snapshot->error) : check_memory(&p);
	if (!reason) {
		int error = find_all(&p);

		if (error == -E2BIG)
			reason = "it has more blocks or pointers than can be numbered";
		else if (error)
			die("read %s: out of memory", rows->trace);
		else
			write_tables(&p);
	}
	if (reason) {
		warn("read %s: heap snapshot '%s': %s", rows->trace, snapshot->name,
		     reason);
		write_snapshot(&p, reason);
	}
	heap_facts_fini(&p.facts);
	heap_graph_fini(&p.graph);
	heap_roots_fini(&p.roots);
	free(p.sizes);
	free(p.sites);
}

void heap_rows_write(const struct heap_rows *rows, struct store *store)
{
	const struct heap *heap = &rows->catalog->heap;

	for (size_t i = 0; i < heap->n_snapshots; i++)
		write_one(rows, store, &heap->snapshots[i]);
}
