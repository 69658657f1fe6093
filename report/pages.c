// SPDX-License-Identifier: MIT
/*
 * Blocks are sorted by their addresses once. Then everything is one way through them:
 * areas, pages, gaps; and once more for each site that is asked to be away.
 */
#include <stdlib.h>

#include "common/array.h"
#include "report/memory.h"
#include "report/model.h"

#include "report/pages-parts.h"

void pages_init(struct pages *p)
{
	p->costs = memory_new(p->n_sites, sizeof(*p->costs));
}

void pages_fini(struct pages *p)
{
	free(p->blocks);
	free(p->areas);
	free(p->runs);
	free(p->pins);
	free(p->costs);
	free(p->lives);
	sums_fini(&p->neighbours);
}

void pages_add(struct pages *p, struct page_block block)
{
	void *blocks = p->blocks;

	/* Not memory_grow, which would write to all of it */
	if (array_reserve(&blocks, &p->n_blocks_max, p->n_blocks + 1, sizeof(block)) != 0)
		memory_fail();
	p->blocks = blocks;
	p->blocks[p->n_blocks++] = block;
}

static int compare_blocks(const void *left, const void *right)
{
	const struct page_block *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	return a->site < b->site ? -1 : a->site > b->site;
}

static bool is_of_heap(const struct pages *p, const struct page_block *b)
{
	enum page_area_kind kind = p->areas[b->area].kind;

	return kind == AREA_MAIN || kind == AREA_ARENA;
}

static uint64_t chunk_end(const struct pages *p, const struct page_block *b)
{
	uint64_t begin = chunk_begin(&p->model, b->address);
	uint64_t size = chunk_size(&p->model, b->size);

	return begin > UINT64_MAX - size ? UINT64_MAX : begin + size;
}

/* Of each area, where its chunks begin and end. */
static void find_ends(struct pages *p)
{
	for (size_t i = 0; i < p->n_blocks; i++) {
		const struct page_block *b = &p->blocks[i];
		struct page_area *area = &p->areas[b->area];

		if (area->end == 0)
			area->begin = chunk_begin(&p->model, b->address);
		if (chunk_end(p, b) > area->end)
			area->end = chunk_end(p, b);
	}
}

uint64_t pages_free(struct pages *p, uint32_t without)
{
	uint64_t *reached = memory_new(p->n_areas, sizeof(*reached)), all = 0;

	for (size_t i = 0; i < p->n_areas; i++)
		reached[i] = p->areas[i].begin;
	for (size_t i = 0; i < p->n_blocks; i++) {
		const struct page_block *b = &p->blocks[i];
		uint64_t gap;

		if (b->site == without || !is_of_heap(p, b))
			continue;
		gap = chunk_free_pages(&p->model, reached[b->area],
				       chunk_begin(&p->model, b->address));
		all += gap;
		if (without == PAGE_NO_SITE)
			p->areas[b->area].free_pages += gap;
		if (chunk_end(p, b) > reached[b->area])
			reached[b->area] = chunk_end(p, b);
	}
	for (size_t i = 0; i < p->n_areas; i++) {
		enum page_area_kind kind = p->areas[i].kind;

		if (kind == AREA_MAIN || kind == AREA_ARENA)
			all += chunk_free_pages(&p->model, reached[i], p->areas[i].end);
	}
	free(reached);
	return all;
}

static struct page_pool find_pool(struct pages *p, uint32_t site, uint64_t is_free)
{
	struct page_pool pool = {.site = site};
	uint64_t bytes = 0, without = pages_free(p, site);

	for (size_t i = 0; i < p->n_blocks; i++) {
		if (p->blocks[i].site == site && is_of_heap(p, &p->blocks[i]))
			bytes += chunk_size(&p->model, p->blocks[i].size);
	}
	pool.freed = without > is_free ? without - is_free : 0;
	pool.needed = bytes / p->model.page + (bytes % p->model.page != 0);
	return pool;
}

void pages_compute(struct pages *p)
{
	if (p->n_blocks)
		qsort(p->blocks, p->n_blocks, sizeof(*p->blocks), compare_blocks);
	pages_find_areas(p);
	pages_walk(p);
	find_ends(p);
}

void pages_estimate(struct pages *p)
{
	uint64_t is_free;

	if (!p->is_glibc)
		return;
	is_free = pages_free(p, PAGE_NO_SITE);
	for (; p->n_pools < PAGE_POOLS && p->n_pools < p->n_pins; p->n_pools++)
		p->pools[p->n_pools] = find_pool(p, p->pins[p->n_pools].site, is_free);
	pages_find_arenas(p);
}

static unsigned int class_of(uint64_t size)
{
	return size <= 16 ? 0 : 60 - (unsigned int)__builtin_clzll(size - 1);
}

uint64_t pages_class_largest(size_t class)
{
	return class < PAGE_CLASS_MAPPED - 1 ? UINT64_C(16) << class : UINT64_MAX;
}

static void add_cost(struct page_cost *cost, double blocks, double size, double header,
		     double chunk)
{
	cost->blocks += blocks;
	cost->bytes += blocks * size;
	cost->headers += blocks * header;
	cost->rounding += blocks * (chunk - size - header);
}

void pages_add_cost(struct pages *p, uint32_t site, uint64_t size, bool is_mapped,
		    double weight)
{
	const struct chunk_model *m = &p->model;
	uint64_t chunk = is_mapped ? chunk_mapped_size(m, size) : chunk_size(m, size);
	double header = (double)(is_mapped ? 2 * m->word : m->word);
	unsigned int class = is_mapped ? PAGE_CLASS_MAPPED : class_of(size);

	add_cost(&p->classes[class], weight, (double)size, header, (double)chunk);
	add_cost(&p->costs[site], weight, (double)size, header, (double)chunk);
}

void pages_add_costs(struct pages *p)
{
	for (size_t i = 0; i < p->n_blocks; i++) {
		const struct page_block *b = &p->blocks[i];

		pages_add_cost(p, b->site, b->size, p->areas[b->area].kind == AREA_MAPPED,
			       1);
	}
}

uint32_t pages_holder(const struct pages *p, uint64_t page)
{
	size_t low = 0, high = p->n_runs;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->runs[middle].first <= page)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || page - p->runs[low - 1].first >= p->runs[low - 1].n)
		return PAGE_NO_SITE;
	return p->runs[low - 1].holder;
}

static void add_neighbour(struct pages *p, uint32_t holder, const struct page_block *b)
{
	if (holder != PAGE_NO_SITE && holder != b->site)
		sums_add(&p->neighbours, pair_key(holder, b->site), 1, (double)b->size);
}

static bool is_before(const void *element, const void *key)
{
	const struct page_area *area = element;
	const struct page_block *b = key;

	return area->low <= b->address;
}

/* Whether a block that lies below an area, and above the one before, was of it. */
static bool was_of_area(const struct pages *p, const struct page_area *area,
			const struct page_block *b)
{
	if (area->kind == AREA_MAIN)
		return p->program_end != 0 && b->address >= p->program_end;
	return area->kind == AREA_ARENA &&
	       b->address / p->model.heap_size == area->low / p->model.heap_size;
}

/* The memory of a heap begins no later than with the lowest block that it ever had. */
static void find_begin(struct pages *p, const struct page_block *b)
{
	size_t i = array_lower_bound(p->areas, p->n_areas - p->has_mapped,
				     sizeof(*p->areas), b, is_before);
	struct page_area *area = &p->areas[i];

	if (i < p->n_areas && was_of_area(p, area, b) &&
	    chunk_begin(&p->model, b->address) < area->begin)
		area->begin = chunk_begin(&p->model, b->address);
}

void pages_add_dead(struct pages *p, const struct page_block *b)
{
	uint64_t size = b->size ? b->size : 1, page = p->model.page;
	uint64_t last =
		b->address > UINT64_MAX - size ? UINT64_MAX : b->address + size - 1;
	uint32_t first_holder = pages_holder(p, b->address / page);
	uint32_t last_holder = pages_holder(p, last / page);

	add_neighbour(p, first_holder, b);
	if (last_holder != first_holder)
		add_neighbour(p, last_holder, b);
	if (p->is_glibc)
		find_begin(p, b);
}
