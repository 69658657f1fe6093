// SPDX-License-Identifier: MIT
/* What is shown first. */
#include <stdlib.h>
#include <string.h>

#include "report/memory.h"

#include "report/pages.h"

/* qsort has no argument for these. */
static const struct page_cost *sorted_costs;

static double cost_of(uint32_t site)
{
	return sorted_costs[site].headers + sorted_costs[site].rounding;
}

static int compare_costs(const void *left, const void *right)
{
	uint32_t a, b;

	memcpy(&a, left, sizeof(a));
	memcpy(&b, right, sizeof(b));
	if (cost_of(a) != cost_of(b))
		return cost_of(a) < cost_of(b) ? 1 : -1;
	return a < b ? -1 : 1;
}

uint32_t *pages_costly_sites(const struct pages *p, size_t *n)
{
	uint32_t *sites = memory_new(p->n_sites, sizeof(*sites));

	*n = 0;
	for (size_t i = 0; i < p->n_sites; i++) {
		if (p->costs[i].blocks > 0)
			sites[(*n)++] = (uint32_t)i;
	}
	sorted_costs = p->costs;
	qsort(sites, *n, sizeof(*sites), compare_costs);
	return sites;
}

static int compare_neighbours(const void *left, const void *right)
{
	const struct sum *a = left, *b = right;

	if (a->blocks != b->blocks)
		return a->blocks < b->blocks ? 1 : -1;
	return a->key < b->key ? -1 : a->key > b->key;
}

struct sum *pages_top_neighbours(const struct pages *p, size_t *n)
{
	struct sum *all = memory_new(p->neighbours.n, sizeof(*all));

	*n = 0;
	for (size_t i = 0; i < p->neighbours.n_slots; i++) {
		if (p->neighbours.slots[i].blocks > 0)
			all[(*n)++] = p->neighbours.slots[i];
	}
	qsort(all, *n, sizeof(*all), compare_neighbours);
	return all;
}
