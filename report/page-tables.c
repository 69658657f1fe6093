// SPDX-License-Identifier: MIT
/*
 * The columns. A table of theirs is a list of names; rows are put value by value in the
 * same order.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "report/memory.h"

#include "report/page-parts.h"

#define MAX_FREES 300

/* Columns of a table, one after the other; a bit of `deltas` says how each is encoded. */
static size_t add_columns(struct making *m, const char *const *names, size_t n,
			  uint32_t deltas)
{
	size_t first = m->bundle.n;

	for (size_t i = 0; i < n; i++)
		bundle_column(&m->bundle, names[i], deltas >> i & 1);
	return first;
}

#define ADD_COLUMNS(making, deltas, ...)                                                 \
	add_columns(making, (const char *const[]){__VA_ARGS__},                          \
		    sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), deltas)

static void put_row(struct making *m, size_t first, const double *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bundle_put_real(&m->bundle, first + i, values[i]);
}

#define PUT_ROW(making, first, ...)                                                      \
	put_row(making, first, (const double[]){__VA_ARGS__},                            \
		sizeof((const double[]){__VA_ARGS__}) / sizeof(double))

/* What numbers frames; functions and frames are added last, when all uses are known. */
static void add_nodes(struct making *m)
{
	const struct pruned *p = &m->pruned;
	size_t first =
		ADD_COLUMNS(m, 3, "node.parent", "node.frame", "node.site", "node.folded",
			    "node.temporary_blocks", "node.temporary_bytes");

	for (size_t i = 0; i < p->tree.n; i++) {
		const struct node *node = &p->tree.nodes[i];
		bool has_frame = i > 0 && !node->folded;

		PUT_ROW(m, first, node->parent,
			has_frame ? page_frame(m, node->frame) : 0, node->site,
			node->folded, p->temporary_blocks[i], p->temporary_bytes[i]);
	}
}

/* Cells of nodes that were folded into one are added up. */
static void add_cube(struct making *m)
{
	size_t first = ADD_COLUMNS(m, 1, "cube.node", "cube.born", "cube.died",
				   "cube.blocks", "cube.bytes");
	const struct report *r = m->report;
	struct sums cube = {0};

	for (size_t i = 0; i < r->cube.n; i++) {
		const struct sum *cell = &r->cube.slots[i];

		sums_add(&cube,
			 (uint64_t)m->pruned.node[cube_node(cell->key)] << 32 |
				 (uint32_t)cell->key,
			 cell->blocks, cell->bytes);
	}
	sums_sort(&cube);
	for (size_t i = 0; i < cube.n; i++) {
		const struct sum *cell = &cube.slots[i];

		PUT_ROW(m, first, cube_node(cell->key), (double)cube_born(cell->key),
			(double)cube_died(cell->key), cell->blocks, cell->bytes);
	}
	sums_fini(&cube);
}

static void add_sites(struct making *m)
{
	size_t first = ADD_COLUMNS(m, 0, "site.frame", "site.allocator", "site.chain",
				   "site.number", "site.merged", "site.stacks",
				   "site.blocks", "site.bytes", "site.live_blocks",
				   "site.live_bytes", "site.peak_blocks",
				   "site.peak_bytes", "site.temporary_blocks");

	for (size_t i = 0; i < m->pruned.n_sites; i++) {
		const struct report_site *s = &m->pruned.sites[i];
		bool own = s->frame != UINT32_MAX;

		PUT_ROW(m, first, own ? page_frame(m, s->frame) + 1 : 0,
			own ? page_string(m, s->allocator) : 0,
			own ? page_string(m, s->chain) : 0, (double)s->number,
			(double)s->merged, (double)s->stacks, s->values[VALUE_BLOCKS],
			s->values[VALUE_BYTES], s->values[VALUE_LIVE_BLOCKS],
			s->values[VALUE_LIVE_BYTES], s->values[VALUE_PEAK_BLOCKS],
			s->values[VALUE_PEAK_BYTES], s->values[VALUE_TEMPORARY]);
	}
}

static void add_timeline(struct making *m)
{
	size_t first = ADD_COLUMNS(m, 31, "timeline.at_us", "timeline.low_bytes",
				   "timeline.high_bytes", "timeline.live_bytes",
				   "timeline.live_blocks", "timeline.allocations",
				   "timeline.allocated_bytes");

	for (size_t i = 0; i < m->report->n_timeline; i++) {
		const struct overview_point *p = &m->report->timeline[i];

		PUT_ROW(m, first, p->at_ms * 1e3, (double)p->low_bytes,
			(double)p->peak_bytes, (double)p->live_bytes,
			(double)p->live_blocks, (double)p->allocations,
			(double)p->allocated_bytes);
	}
}

/* Sums by a key with a site in it: those of sites that were merged are added up. */
static struct sums merge_sites(const struct making *m, const struct sums *from,
			       unsigned int shift, uint64_t mask)
{
	struct sums to = {0};

	for (size_t i = 0; i < from->n; i++) {
		uint64_t key = from->slots[i].key, site = key >> shift & mask;

		key = (key & ~(mask << shift)) | (uint64_t)(m->pruned.site[site] + 1)
							 << shift;
		sums_add(&to, key, from->slots[i].blocks, from->slots[i].bytes);
	}
	sums_sort(&to);
	return to;
}

static void add_heat(struct making *m)
{
	size_t first = ADD_COLUMNS(m, 0, "heat.site", "heat.size", "heat.lifetime",
				   "heat.blocks", "heat.bytes");
	struct sums heat = merge_sites(m, &m->report->heat, 16, UINT32_MAX);

	for (size_t i = 0; i < heat.n; i++) {
		const struct sum *s = &heat.slots[i];

		PUT_ROW(m, first, (double)(s->key >> 16), s->key >> 8 & 0xff,
			s->key & 0xff, s->blocks, s->bytes);
	}
	sums_fini(&heat);
}

static double find_bytes(const struct sums *sums, uint64_t key)
{
	const struct sum *sum = sums_find(sums, key);

	return sum ? sum->bytes : 0;
}

static void add_thread_sites(struct making *m)
{
	size_t first = ADD_COLUMNS(m, 0, "thread_site.thread", "thread_site.site",
				   "thread_site.blocks", "thread_site.bytes",
				   "thread_site.live_bytes");
	struct sums all = merge_sites(m, &m->report->thread_sites, 0, UINT32_MAX);
	struct sums live = merge_sites(m, &m->report->thread_site_lives, 0, UINT32_MAX);

	for (size_t i = 0; i < all.n; i++) {
		const struct sum *s = &all.slots[i];

		PUT_ROW(m, first, (double)(s->key >> 32), (uint32_t)s->key, s->blocks,
			s->bytes, find_bytes(&live, s->key));
	}
	sums_fini(&all);
	sums_fini(&live);
}

static void add_handovers(struct making *m)
{
	size_t first = ADD_COLUMNS(m, 0, "handover.alloc_thread", "handover.free_thread",
				   "handover.blocks", "handover.bytes");

	for (size_t i = 0; i < m->report->handovers.n; i++) {
		const struct sum *s = &m->report->handovers.slots[i];

		PUT_ROW(m, first, (double)(s->key >> 32), (uint32_t)s->key, s->blocks,
			s->bytes);
	}
}

static int compare_frees(const void *left, const void *right)
{
	const struct report_free *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	if (a->site != b->site)
		return a->site < b->site ? -1 : 1;
	return (a->frame > b->frame) - (a->frame < b->frame);
}

static void add_frees(struct making *m)
{
	size_t first = ADD_COLUMNS(m, 0, "free.alloc_site", "free.free_frame",
				   "free.blocks", "free.bytes", "free.crossed_blocks",
				   "free.mismatched_blocks");
	size_t n = m->report->n_frees;
	struct report_free *frees = memory_new(n, sizeof(*frees));

	for (size_t i = 0; i < n; i++)
		frees[i] = m->report->frees[i];
	if (n)
		qsort(frees, n, sizeof(*frees), compare_frees);
	for (size_t i = 0; i < n && i < MAX_FREES; i++)
		PUT_ROW(m, first, m->pruned.site[frees[i].site] + 1,
			frees[i].frame ? page_frame(m, frees[i].frame - 1) + 1 : 0,
			frees[i].blocks, frees[i].bytes, frees[i].crossed,
			frees[i].mismatched);
	free(frees);
}

static void add_growths(struct making *m)
{
	size_t first =
		ADD_COLUMNS(m, 0, "growth.site", "growth.chains", "growth.reallocs",
			    "growth.moves", "growth.copied_bytes", "growth.final_p50",
			    "growth.final_p95", "growth.final_max");

	for (size_t i = 0; i < m->report->n_growths; i++) {
		const struct report_growth *g = &m->report->growths[i];

		if (m->pruned.sites[m->pruned.site[g->site]].merged > 1)
			continue; /* quantiles do not add up */
		PUT_ROW(m, first, m->pruned.site[g->site], g->chains, g->reallocs,
			g->moves, g->copied_bytes, (double)g->p50, (double)g->p95,
			(double)g->largest);
	}
}

static void put_leak(struct making *m, size_t first, const struct report_leak *l,
		     uint32_t site)
{
	PUT_ROW(m, first, site + 1, l->kind, l->blocks, l->bytes, l->indirect_blocks,
		l->indirect_bytes, (double)l->first_ns / 1e3, (double)l->last_ns / 1e3);
}

static void add_to_leak(struct report_leak *sum, const struct report_leak *l)
{
	if (sum->blocks <= 0)
		*sum = (struct report_leak){.kind = l->kind, .first_ns = l->first_ns};
	sum->blocks += l->blocks;
	sum->bytes += l->bytes;
	sum->indirect_blocks += l->indirect_blocks;
	sum->indirect_bytes += l->indirect_bytes;
	sum->first_ns = l->first_ns < sum->first_ns ? l->first_ns : sum->first_ns;
	sum->last_ns = l->last_ns > sum->last_ns ? l->last_ns : sum->last_ns;
}

/* Those of all merged sites are one row of each kind. */
static void add_leaks(struct making *m)
{
	size_t first =
		ADD_COLUMNS(m, 0, "leak.site", "leak.kind", "leak.blocks", "leak.bytes",
			    "leak.indirect_blocks", "leak.indirect_bytes",
			    "leak.first_us", "leak.last_us");
	struct report_leak others[N_LEAK_KINDS] = {0};

	for (size_t i = 0; i < m->report->n_leaks; i++) {
		const struct report_leak *l = &m->report->leaks[i];
		uint32_t site = m->pruned.site[l->site];

		if (m->pruned.sites[site].merged > 1)
			add_to_leak(&others[l->kind], l);
		else
			put_leak(m, first, l, site);
	}
	for (int kind = 0; kind < N_LEAK_KINDS; kind++) {
		if (others[kind].blocks > 0)
			put_leak(m, first, &others[kind],
				 (uint32_t)m->pruned.n_sites - 1);
	}
}

static void add_frames(struct making *m)
{
	const struct report *r = m->report;
	size_t first = ADD_COLUMNS(m, 7, "frame.function", "frame.file", "frame.line",
				   "frame.module", "frame.flags");
	char *file;

	for (size_t i = 0; i < m->n_frames; i++) {
		const struct report_frame *f = &r->frames[m->frames[i]];

		file = page_path(m, strings_get(&r->strings, f->file));
		PUT_ROW(m, first, m->function[f->function] - 1,
			strings_add(&m->strings, file), f->line, f->module, f->flags);
		free(file);
	}
	first = ADD_COLUMNS(m, 3, "function.short", "function.full");
	for (size_t i = 0; i < m->n_functions; i++) {
		const struct report_function *f = &r->functions[m->functions[i]];

		PUT_ROW(m, first, page_string(m, f->short_name),
			page_string(m, f->full_name));
	}
}

void page_add_tables(struct making *m)
{
	add_nodes(m);
	add_cube(m);
	add_sites(m);
	add_timeline(m);
	add_heat(m);
	add_thread_sites(m);
	add_handovers(m);
	add_frees(m);
	add_growths(m);
	add_leaks(m);
	add_frames(m);
}
