// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "report/cells.h"
#include "report/memory.h"
#include "report/sites.h"

#include "report/prune.h"

enum measure {
	MEASURE_BLOCKS,
	MEASURE_BYTES,
	MEASURE_PEAK,
	MEASURE_LIVE,
	MEASURE_TIME, /* bytes times lifetime */
	N_MEASURES
};

struct measures {
	double of[N_MEASURES];
};

static void measure_cell(const struct report *r, const struct sum *cell,
			 struct measures *m)
{
	size_t born = cube_born(cell->key), died = cube_died(cell->key);
	size_t last = r->edges.n - 1, end = died < last ? died : last;

	m->of[MEASURE_BLOCKS] += cell->blocks;
	m->of[MEASURE_BYTES] += cell->bytes;
	if (born <= r->peak_edge && died > r->peak_edge)
		m->of[MEASURE_PEAK] += cell->bytes;
	if (died > last)
		m->of[MEASURE_LIVE] += cell->bytes;
	m->of[MEASURE_TIME] +=
		cell->bytes * (double)(r->edges.ns[end] - r->edges.ns[born]);
}

static struct measures *measure_nodes(const struct report *r)
{
	struct measures *m = memory_new(r->tree.n, sizeof(*m));

	for (size_t i = 0; i < r->cube.n; i++)
		measure_cell(r, &r->cube.slots[i], &m[cube_node(r->cube.slots[i].key)]);
	for (size_t i = r->tree.n; i-- > 1;) {
		for (int j = 0; j < N_MEASURES; j++)
			m[r->tree.nodes[i].parent].of[j] += m[i].of[j];
	}
	return m;
}

static bool is_large(const struct measures *node, const struct measures *all,
		     double threshold)
{
	for (int j = 0; j < N_MEASURES; j++) {
		if (node->of[j] > 0 && node->of[j] >= threshold * all->of[j])
			return true;
	}
	return false;
}

static bool *choose_sites(const struct report *r)
{
	bool *kept = memory_new(r->n_sites, sizeof(*kept));

	for (int value = 0; value < N_REPORT_VALUES; value++) {
		uint32_t *order = sites_order(r, (enum report_value)value);

		for (size_t i = 0; i < r->n_sites && i < PRUNE_SITES; i++)
			kept[order[i]] = true;
		free(order);
	}
	return kept;
}

static void merge_site(struct report_site *others, const struct report_site *site)
{
	others->merged += site->merged;
	others->stacks += site->stacks;
	for (int value = 0; value < N_REPORT_VALUES; value++)
		others->values[value] += site->values[value];
}

static void prune_sites(struct pruned *p, const struct report *r)
{
	uint32_t *order = sites_order(r, VALUE_PEAK_BYTES);
	struct report_site others = {.frame = UINT32_MAX};
	bool *kept = choose_sites(r);

	p->sites = memory_new(r->n_sites + 1, sizeof(*p->sites));
	p->site = memory_new(r->n_sites, sizeof(*p->site));
	for (size_t i = 0; i < r->n_sites; i++) {
		if (!kept[order[i]])
			continue;
		p->site[order[i]] = (uint32_t)p->n_sites;
		p->sites[p->n_sites++] = r->sites[order[i]];
	}
	for (size_t i = 0; i < r->n_sites; i++) {
		if (kept[i])
			continue;
		p->site[i] = (uint32_t)p->n_sites;
		merge_site(&others, &r->sites[i]);
	}
	if (others.merged)
		p->sites[p->n_sites++] = others;
	free(order);
	free(kept);
}

/* The site here, plus 1, of a node of the report. */
static uint32_t site_of(const struct pruned *p, const struct report *r, size_t node)
{
	uint32_t site = r->tree.nodes[node].site;

	return site ? p->site[site - 1] + 1 : 0;
}

/* A node that is folded has its kept ancestor for p->node, or, if stacks end at it, what
 * stands for those of its site below that. */
static void prune_nodes(struct pruned *p, const struct report *r)
{
	struct measures *m = measure_nodes(r);
	bool *folded = memory_new(r->tree.n, sizeof(*folded));
	uint32_t *kept = memory_new(r->tree.n, sizeof(*kept)); /* itself or an ancestor */

	nodes_init(&p->tree);
	p->node = memory_new(r->tree.n, sizeof(*p->node));
	p->tree.nodes[0].site = site_of(p, r, 0);
	for (uint32_t i = 1; i < r->tree.n; i++) {
		uint32_t parent = r->tree.nodes[i].parent, node = kept[parent];

		folded[i] = folded[parent] || !is_large(&m[i], &m[0], p->threshold);
		if (!folded[i]) {
			node = nodes_child(&p->tree, node, r->tree.nodes[i].frame);
			p->tree.nodes[node].site = site_of(p, r, i);
		}
		kept[i] = p->node[i] = node;
		if (!folded[i] || !r->tree.nodes[i].site)
			continue;
		p->node[i] = nodes_folded(&p->tree, node, site_of(p, r, i));
		p->tree.nodes[p->node[i]].folded++;
		p->n_folded++;
	}
	free(m);
	free(folded);
	free(kept);
}

static void take_temporary(struct pruned *p, const struct report *r)
{
	p->temporary_blocks = memory_new(p->tree.n, sizeof(*p->temporary_blocks));
	p->temporary_bytes = memory_new(p->tree.n, sizeof(*p->temporary_bytes));
	for (size_t i = 0; i < r->temporaries.n; i++) {
		const struct sum *sum = &r->temporaries.slots[i];

		p->temporary_blocks[p->node[sum->key]] += sum->blocks;
		p->temporary_bytes[p->node[sum->key]] += sum->bytes;
	}
}

struct pruned prune(const struct report *report, double threshold)
{
	struct pruned p = {.threshold = threshold};

	prune_sites(&p, report);
	prune_nodes(&p, report);
	take_temporary(&p, report);
	return p;
}

void pruned_fini(struct pruned *p)
{
	nodes_fini(&p->tree);
	free(p->node);
	free(p->temporary_blocks);
	free(p->temporary_bytes);
	free(p->site);
	free(p->sites);
}
