// SPDX-License-Identifier: MIT
/*
 * Each arena keeps what its own threads needed at most: memory that one has free is of
 * no use to another. One arena keeps what all needed at one time. How much that was is
 * counted in intervals of the time before the moment, births before deaths: of what lived
 * for less than one, too much rather than too little.
 */
#include <stdlib.h>

#include "report/memory.h"

#include "report/pages-parts.h"

#define INTERVALS 65536

static size_t interval_of(const struct pages *p, int64_t ns)
{
	uint64_t length = (uint64_t)p->until_ns / INTERVALS + 1;

	return ns < 0              ? 0
	       : ns >= p->until_ns ? (size_t)((uint64_t)p->until_ns / length)
				   : (size_t)((uint64_t)ns / length);
}

void pages_add_life(struct pages *p, const struct page_block *b, int64_t from_ns,
		    int64_t to_ns)
{
	double size = (double)chunk_size(&p->model, b->size);

	if (chunk_may_be_mapped(&p->model, b->address, b->size))
		return;
	if (!p->lives)
		p->lives = memory_new(INTERVALS, sizeof(*p->lives));
	p->lives[interval_of(p, from_ns)].born += size;
	if (to_ns <= p->until_ns)
		p->lives[interval_of(p, to_ns)].died += size;
}

static double most_at_once(const struct pages *p)
{
	double now = 0, most = 0;

	for (size_t i = 0; p->lives && i < INTERVALS; i++) {
		now += p->lives[i].born;
		if (now > most)
			most = now;
		now -= p->lives[i].died;
	}
	return most;
}

void pages_find_arenas(struct pages *p)
{
	double page = (double)p->model.page;

	for (size_t i = 0; i < p->n_areas; i++) {
		const struct page_area *a = &p->areas[i];

		if (a->kind != AREA_MAIN && a->kind != AREA_ARENA)
			continue;
		p->arenas.n_heaps++;
		p->arenas.kept +=
			(a->end - 1) / p->model.page - a->begin / p->model.page + 1;
	}
	p->arenas.needed = (uint64_t)((most_at_once(p) + page - 1) / page);
}
