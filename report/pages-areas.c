// SPDX-License-Identifier: MIT
/*
 * Where blocks lie says where they come from. What brk gives follows the program, and on
 * machines with large addresses nothing else is near. Heaps of arenas begin at multiples
 * of their largest size, and a block of its own mapping lies behind the header at the
 * begin of a page, and shares its pages with nothing. All of that is a guess, but for a
 * contradiction: chunks of glibc's malloc cannot overlap.
 */
#include "report/memory.h"

#include "report/pages-parts.h"

#define MAIN_GAP_64 (UINT64_C(1) << 40) /* no heap has a hole as large as that */
#define MAIN_GAP_32 (UINT64_C(1) << 30)
#define OTHER_GAP (UINT64_C(64) << 20)
#define DOUBTS 1000 /* one contradiction in so many blocks refutes the model */

static uint64_t end_of(const struct page_block *b)
{
	uint64_t size = b->size ? b->size : 1;

	return b->address > UINT64_MAX - size ? UINT64_MAX : b->address + size;
}

/* Whether no block lies in the pages of another one that may be mapped. */
static bool is_alone(const struct pages *p, size_t i)
{
	const struct page_block *b = &p->blocks[i];
	uint64_t mask = p->model.page - 1,
		 begin = chunk_begin(&p->model, b->address) & ~mask,
		 last = (end_of(b) - 1) | mask;

	return (i == 0 || end_of(b - 1) <= begin) &&
	       (i + 1 == p->n_blocks || b[1].address > last);
}

static bool is_mapped(const struct pages *p, size_t i)
{
	return chunk_may_be_mapped(&p->model, p->blocks[i].address, p->blocks[i].size) &&
	       is_alone(p, i);
}

/* Not aligned, or its chunk reaches into the next block's, while the blocks themselves do
 * not overlap: those are events of several threads at one time. */
static bool contradicts(const struct pages *p, size_t i)
{
	const struct page_block *b = &p->blocks[i];
	const struct chunk_model *m = &p->model;

	if (b->address & (m->step - 1))
		return true;
	if (i + 1 == p->n_blocks || end_of(b) > b[1].address)
		return false;
	return b[1].address - b->address < chunk_size(m, b->size);
}

static void check_model(struct pages *p)
{
	size_t doubts = 0;

	if (!p->is_glibc)
		return;
	for (size_t i = 0; i < p->n_blocks; i++)
		doubts += contradicts(p, i);
	p->is_refuted = doubts > p->n_blocks / DOUBTS;
	p->is_glibc = !p->is_refuted;
}

static uint32_t add_area(struct pages *p, enum page_area_kind kind, uint64_t low)
{
	p->areas = memory_grow(p->areas, p->n_areas, &p->n_areas_max, sizeof(*p->areas));
	p->areas[p->n_areas] = (struct page_area){.kind = kind, .low = low};
	return (uint32_t)p->n_areas++;
}

/* Find the main heap: blocks behind the program, without a gap that is too large. */
static void find_main(const struct pages *p, size_t *from, size_t *to)
{
	uint64_t gap = p->model.word == 4 ? MAIN_GAP_32 : MAIN_GAP_64;
	uint64_t before = p->program_end;
	size_t n = 0;

	*from = *to = 0;
	if (!p->is_glibc)
		return;
	while (n < p->n_blocks && p->blocks[n].address < before)
		n++;
	*from = n;
	for (; n < p->n_blocks; n++) {
		if (before != 0 && p->blocks[n].address - before >= gap &&
		    p->blocks[n].address > before)
			break;
		before = end_of(&p->blocks[n]);
	}
	*to = n;
}

static bool is_in_last(const struct pages *p, size_t i)
{
	uint64_t address = p->blocks[i].address, size = p->model.heap_size;
	const struct page_area *last;

	if (p->n_areas == 0)
		return false;
	last = &p->areas[p->n_areas - 1];
	if (!p->is_glibc)
		return address < last->high || address - last->high < OTHER_GAP;
	return last->kind == AREA_ARENA && address / size == last->low / size;
}

static void add_to_area(struct pages *p, size_t i, uint32_t number)
{
	struct page_block *b = &p->blocks[i];
	struct page_area *area = &p->areas[number];

	b->area = number;
	area->blocks++;
	area->bytes += b->size;
	if (b->address < area->low)
		area->low = b->address;
	if (end_of(b) > area->high)
		area->high = end_of(b);
}

/* Mapped blocks have the number behind all others, as soon as that is known. */
static void place_mapped(struct pages *p)
{
	uint32_t mapped = PAGE_NO_SITE;

	for (size_t i = 0; i < p->n_blocks; i++) {
		if (p->blocks[i].area != PAGE_NO_SITE)
			continue;
		if (mapped == PAGE_NO_SITE)
			mapped = add_area(p, AREA_MAPPED, p->blocks[i].address);
		p->has_mapped = true;
		add_to_area(p, i, mapped);
	}
}

void pages_find_areas(struct pages *p)
{
	size_t from, to;

	check_model(p);
	find_main(p, &from, &to);
	for (size_t i = 0; i < p->n_blocks; i++) {
		bool is_main = i >= from && i < to;

		p->blocks[i].area = PAGE_NO_SITE;
		if (p->is_glibc && !is_main && is_mapped(p, i))
			continue;
		if (is_main ? i == from : !is_in_last(p, i))
			add_area(p,
				 is_main       ? AREA_MAIN
				 : p->is_glibc ? AREA_ARENA
					       : AREA_OTHER,
				 p->blocks[i].address);
		add_to_area(p, i, (uint32_t)p->n_areas - 1);
	}
	place_mapped(p);
}
