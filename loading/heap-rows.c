// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "analysis/catalog.h"
#include "common/cli.h"
#include "database/store.h"
#include "loading/heap-picture.h"
#include "trace/reader.h"

#include "loading/heap-rows.h"

#define LARGE (UINT64_C(1) << 30) /* bytes of memory that are worth a word */
#define MIB 1048576.0

struct writing {
	const struct heap_rows *rows;
	struct store *store;
	int64_t number; /* of the snapshot */
	struct picture picture;
};

static void write_snapshot(const struct writing *w, const char *error)
{
	const struct heap_snapshot *s = w->picture.snapshot;

	store_heap_snapshot(w->store,
			    &(struct heap_snapshot_row){
				    .snapshot = w->number,
				    .process = w->rows->where->process,
				    .name = s->name,
				    .at_ns = reader_ns(w->rows->reader, s->ticks),
				    .blocks = (int64_t)s->n_blocks,
				    .bytes = (int64_t)w->picture.bytes,
				    .edges = (int64_t)(s->n_edges + s->n_roots),
				    .possible_edges = (int64_t)w->picture.n_possible,
				    .roots = (int64_t)picture_count_roots(&w->picture),
				    .error = error,
			    });
}

static int64_t dominator_of(const struct writing *w, uint32_t node)
{
	uint32_t dominator = w->picture.facts.tree.dominator[node];

	return dominator == HEAP_NONE ? HEAP_NO_NODE : dominator;
}

static void write_block(const struct writing *w, uint32_t node)
{
	const struct heap_block *block = &w->picture.snapshot->blocks[node - 1];
	uint32_t holder = w->picture.facts.paths.holder[node];
	bool is_held = holder != HEAP_NONE;

	store_heap_block(
		w->store,
		&(struct heap_block_row){
			.snapshot = w->number,
			.node = node,
			.address = (int64_t)block->address,
			.size = (int64_t)block->size,
			.stack = picture_stack(&w->picture, block),
			.leak_kind = block->leak,
			.dominator = dominator_of(w, node),
			.retained_bytes = (int64_t)w->picture.facts.retained_bytes[node],
			.retained_blocks = w->picture.facts.retained_blocks[node],
			.holder = is_held ? heap_node(holder) : HEAP_NO_NODE,
			.holder_offset =
				is_held ? picture_offset(
						  &w->picture,
						  w->picture.facts.paths.edge[node])
					: HEAP_NO_NODE,
			.holder_possible = is_held ? (holder & HEAP_EDGE_POSSIBLE) != 0
						   : HEAP_NO_NODE,
		});
}

static int64_t thread_of(const struct writing *w, uint32_t tid)
{
	const struct catalog *catalog = w->rows->catalog;

	for (size_t i = 0; tid && i < catalog->n_threads; i++)
		if (catalog->threads[i].tid == tid)
			return w->rows->where->threads +
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

static void write_roots(const struct writing *w)
{
	for (uint32_t i = 0; i < picture_count_roots(&w->picture); i++) {
		uint32_t node = picture_first_root(&w->picture) + i;
		struct heap_root_row row = {
			.snapshot = w->number,
			.node = node,
			.kind = "lost",
			.retained_bytes = (int64_t)w->picture.facts.retained_bytes[node],
			.retained_blocks = w->picture.facts.retained_blocks[node],
		};

		if (i < w->picture.roots.n_roots) {
			const struct heap_root_node *root = &w->picture.roots.roots[i];

			row.kind = kind_of(root);
			row.name = root->name;
			row.file = root->file;
			row.line = root->line;
			row.thread = thread_of(w, root->tid);
			row.address = (int64_t)root->address;
			if (root->module != HEAP_ROOT_NO_MODULE)
				row.module =
					w->rows->catalog->modules[root->module].shared;
		}
		store_heap_root(w->store, &row);
	}
}

/* Those of node 0 are no pointers, nor are those to what is lost. */
static void write_edges(const struct writing *w)
{
	const struct heap_graph *g = &w->picture.graph;
	uint32_t end =
		picture_first_root(&w->picture) + (uint32_t)w->picture.roots.n_roots;

	for (uint32_t v = 1; v < end; v++)
		for (uint32_t edge = g->first[v]; edge < g->first[v + 1]; edge++)
			store_heap_edge(
				w->store,
				&(struct heap_edge_row){
					.snapshot = w->number,
					.source = v,
					.edge = edge,
					.target = heap_node(
						picture_target(&w->picture, edge)),
					.offset = picture_offset(&w->picture, edge),
					.possible = (g->targets[edge] &
						     HEAP_EDGE_POSSIBLE) != 0,
				});
}

static void write_groups(const struct writing *w)
{
	const struct heap_fold *fold = &w->picture.facts.fold;
	uint32_t site_of_first = w->picture.sites[w->picture.graph.n_nodes - 1] + 1 -
				 (uint32_t)picture_count_roots(&w->picture);

	for (uint32_t i = 0; i < fold->n_groups; i++) {
		const struct heap_group *group = &fold->groups[i];
		bool is_root = i > 0 && picture_count_roots(&w->picture) &&
			       group->site >= site_of_first;

		store_heap_group(
			w->store,
			&(struct heap_group_row){
				.snapshot = w->number,
				.heap_group = i,
				.parent = i ? group->parent : HEAP_NO_NODE,
				.root = is_root ? picture_first_root(&w->picture) +
							  group->site - site_of_first
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
static const char *check_memory(const struct writing *w)
{
	const struct heap_snapshot *s = w->picture.snapshot;
	uint64_t needed = picture_memory(&w->picture);

	if (needed > available_memory())
		return "there is not enough memory to find what holds its blocks";
	if (needed > LARGE)
		warn("read %s: to find what holds the %zu blocks of the heap snapshot "
		     "'%s' takes up to %.0f MiB of memory",
		     w->rows->trace, s->n_blocks, s->name, (double)needed / MIB);
	return NULL;
}

static void write_tables(const struct writing *w)
{
	write_snapshot(w, NULL);
	for (uint32_t v = 1; v < picture_first_root(&w->picture); v++)
		write_block(w, v);
	write_roots(w);
	write_edges(w);
	write_groups(w);
}

/* Return why a snapshot has no graph, or NULL: then it has been found. */
static const char *find_graph(struct writing *w, const struct heap_snapshot *snapshot)
{
	const struct heap_rows *r = w->rows;
	const struct heap_roots_sources sources = {
		.catalog = r->catalog,
		.symbols = r->symbols,
		.executable = reader_header(r->reader)->executable,
	};
	int error = picture_begin(&w->picture, snapshot, &sources);
	const char *reason = NULL;

	if (snapshot->error == EBADMSG)
		return "pointers are missing in the trace";
	if (snapshot->error == ENODATA)
		return "the program was killed while its pointers were written";
	if (snapshot->error)
		return strerror(snapshot->error);
	if (!error)
		reason = check_memory(w);
	if (!error && !reason)
		error = picture_find(&w->picture);
	if (error == -E2BIG)
		return "it has more blocks or pointers than can be numbered";
	if (error)
		die("read %s: out of memory", r->trace);
	return reason;
}

static void write_one(const struct heap_rows *rows, struct store *store,
		      const struct heap_snapshot *snapshot)
{
	struct writing w = {.rows = rows, .store = store};
	const char *reason = find_graph(&w, snapshot);

	w.number = store_next_heap_snapshot(store);
	if (reason) {
		warn("read %s: heap snapshot '%s': %s", rows->trace, snapshot->name,
		     reason);
		write_snapshot(&w, reason);
	} else {
		write_tables(&w);
	}
	picture_fini(&w.picture);
}

void heap_rows_write(const struct heap_rows *rows, struct store *store)
{
	const struct heap *heap = &rows->catalog->heap;

	for (size_t i = 0; i < heap->n_snapshots; i++)
		write_one(rows, store, &heap->snapshots[i]);
}
