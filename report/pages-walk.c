// SPDX-License-Identifier: MIT
/*
 * One way through the sorted blocks. The page in which the last block ends stays open
 * until a block begins behind it; pages that a block fills are counted without looking at
 * each.
 */
#include <stdlib.h>

#include "report/memory.h"

#include "report/pages-parts.h"

struct walk {
	struct pages *pages;
	uint64_t page, used; /* the open page, and bytes of live blocks in it */
	uint32_t area;
	bool is_open;
	uint64_t *bytes; /* by site: in the open page, */
	uint32_t *sites; /* which has these */
	size_t n_sites;
	uint64_t *last;        /* by area: its last page, to find its range */
	struct page_pin *pins; /* by site */
};

static bool is_heap(const struct walk *w)
{
	return w->pages->areas[w->area].kind != AREA_MAPPED;
}

static void add_run(struct walk *w, uint64_t first, uint64_t n, uint32_t holder)
{
	struct pages *p = w->pages;
	struct page_run *last = p->n_runs ? &p->runs[p->n_runs - 1] : NULL;

	if (last && last->holder == holder && last->first + last->n == first) {
		last->n += n;
		return;
	}
	p->runs = memory_grow(p->runs, p->n_runs, &p->n_runs_max, sizeof(*p->runs));
	p->runs[p->n_runs++] = (struct page_run){first, n, holder};
}

static void count_pages(struct walk *w, uint64_t first, uint64_t n, uint64_t used,
			uint32_t holder)
{
	struct pages *p = w->pages;
	struct page_area *area = &p->areas[w->area];
	uint64_t eighth = used * PAGE_EIGHTHS / p->model.page;

	p->touched += n;
	area->range += area->pages ? first - w->last[w->area] + n - 1 : n;
	area->pages += n;
	w->last[w->area] = first + n - 1;
	if (!is_heap(w)) {
		area->range = area->pages;
		return;
	}
	p->in_heaps += n;
	p->eighths[eighth < PAGE_EIGHTHS ? eighth : PAGE_EIGHTHS - 1] += n;
	add_run(w, first, n, holder);
}

static uint32_t find_holder(const struct walk *w)
{
	uint32_t holder = w->sites[0];

	for (size_t i = 1; i < w->n_sites; i++) {
		uint32_t site = w->sites[i];

		if (w->bytes[site] > w->bytes[holder] ||
		    (w->bytes[site] == w->bytes[holder] && site < holder))
			holder = site;
	}
	return holder;
}

static void close_page(struct walk *w)
{
	uint32_t holder;

	if (!w->is_open)
		return;
	holder = find_holder(w);
	count_pages(w, w->page, 1, w->used, holder);
	if (is_heap(w) && w->used * 4 < w->pages->model.page) {
		w->pins[holder].pages++;
		w->pins[holder].bytes += w->bytes[holder];
		w->pins[holder].all_bytes += w->used;
	}
	for (size_t i = 0; i < w->n_sites; i++)
		w->bytes[w->sites[i]] = 0;
	w->n_sites = 0;
	w->used = 0;
	w->is_open = false;
}

/* Bytes of a block in one page. */
static void add_part(struct walk *w, const struct page_block *b, uint64_t page,
		     uint64_t bytes)
{
	if (w->is_open && w->page != page)
		close_page(w);
	if (!w->is_open) {
		w->page = page;
		w->area = b->area;
		w->is_open = true;
	}
	if (w->bytes[b->site] == 0)
		w->sites[w->n_sites++] = b->site;
	w->bytes[b->site] += bytes;
	w->used += bytes;
}

static void add_block(struct walk *w, const struct page_block *b, uint64_t begin,
		      uint64_t end)
{
	uint64_t size = w->pages->model.page, first = begin / size,
		 last = (end - 1) / size;

	if (first == last) {
		add_part(w, b, first, end - begin);
		return;
	}
	if (begin % size) {
		add_part(w, b, first, size - begin % size);
		first++;
	}
	close_page(w);
	w->area = b->area;
	if (last > first)
		count_pages(w, first, last - first, size, b->site);
	add_part(w, b, last, end - last * size);
}

static int compare_pins(const void *left, const void *right)
{
	const struct page_pin *a = left, *b = right;

	if (a->pages != b->pages)
		return a->pages < b->pages ? 1 : -1;
	return a->site < b->site ? -1 : a->site > b->site;
}

static void keep_pins(struct walk *w)
{
	struct pages *p = w->pages;
	size_t n = 0;

	for (size_t i = 0; i < p->n_sites; i++) {
		w->pins[i].site = (uint32_t)i;
		if (w->pins[i].pages)
			w->pins[n++] = w->pins[i];
	}
	qsort(w->pins, n, sizeof(*w->pins), compare_pins);
	p->pins = w->pins;
	p->n_pins = n;
}

void pages_walk(struct pages *p)
{
	struct walk w = {.pages = p,
			 .bytes = memory_new(p->n_sites, sizeof(*w.bytes)),
			 .sites = memory_new(p->n_sites, sizeof(*w.sites)),
			 .last = memory_new(p->n_areas, sizeof(*w.last)),
			 .pins = memory_new(p->n_sites, sizeof(*w.pins))};
	uint64_t reached = 0;

	for (size_t i = 0; i < p->n_blocks; i++) {
		const struct page_block *b = &p->blocks[i];
		uint64_t size = b->size ? b->size : 1;
		uint64_t end =
			b->address > UINT64_MAX - size ? UINT64_MAX : b->address + size;
		uint64_t begin = b->address > reached ? b->address : reached;

		p->bytes += b->size;
		if (end <= begin)
			continue;
		add_block(&w, b, begin, end);
		reached = end;
	}
	close_page(&w);
	keep_pins(&w);
	free(w.bytes);
	free(w.sites);
	free(w.last);
}
