// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdlib.h>

#include "report/memory.h"

#include "report/cells.h"

static uint32_t site_of(const struct report *report, const struct sum *cell)
{
	return report->tree.nodes[cube_node(cell->key)].site - 1;
}

void cells_add(const struct report *report, const struct sum *cell,
	       double values[N_REPORT_VALUES])
{
	size_t born = cube_born(cell->key), died = cube_died(cell->key);

	if (born <= report->peak_edge && died > report->peak_edge) {
		values[VALUE_PEAK_BLOCKS] += cell->blocks;
		values[VALUE_PEAK_BYTES] += cell->bytes;
	}
	if ((born <= report->window_from && report->window_from > 0) ||
	    born > report->window_to)
		return;
	values[VALUE_BLOCKS] += cell->blocks;
	values[VALUE_BYTES] += cell->bytes;
	if (died == report->edges.n) {
		values[VALUE_LIVE_BLOCKS] += cell->blocks;
		values[VALUE_LIVE_BYTES] += cell->bytes;
	}
}

/* Temporary blocks are known for the whole run only. */
static void recount_temporary(struct report *report, double *all)
{
	for (size_t i = 0; i < report->temporaries.n && !report->has_window; i++) {
		const struct sum *sum = &report->temporaries.slots[i];
		uint32_t site = report->tree.nodes[sum->key].site - 1;

		report->sites[site].values[VALUE_TEMPORARY] += sum->blocks;
		*all += sum->blocks;
	}
}

/* The edge of the window at which most was live. */
static void find_peak(struct report *report)
{
	double *live = cells_series(report, report->n_sites);
	size_t best = report->window_from;

	for (size_t i = best; i <= report->window_to; i++) {
		if (live[i] > live[best])
			best = i;
	}
	if (report->peak_edge < report->window_from ||
	    report->peak_edge > report->window_to || report->thread)
		report->peak_edge = best;
	report->peak_ns = report->edges.ns[report->peak_edge];
	free(live);
}

void cells_recount(struct report *report)
{
	double all[N_REPORT_VALUES] = {0};

	find_peak(report);
	for (size_t i = 0; i < report->n_sites; i++) {
		for (int j = 0; j < N_REPORT_VALUES; j++)
			report->sites[i].values[j] = 0;
	}
	for (size_t i = 0; i < report->cube.n; i++) {
		const struct sum *cell = &report->cube.slots[i];

		cells_add(report, cell, report->sites[site_of(report, cell)].values);
		cells_add(report, cell, all);
	}
	recount_temporary(report, &all[VALUE_TEMPORARY]);
	report->blocks = all[VALUE_BLOCKS];
	report->bytes = all[VALUE_BYTES];
	report->live_blocks = all[VALUE_LIVE_BLOCKS];
	report->live_bytes = all[VALUE_LIVE_BYTES];
	report->peak_blocks = all[VALUE_PEAK_BLOCKS];
	report->peak_bytes = all[VALUE_PEAK_BYTES];
	report->temporary = all[VALUE_TEMPORARY];
}

/* The variance of a sum of independent samples is the sum of theirs. */
void cells_find_variances(struct report *report)
{
	for (size_t i = 0; i < report->uncertain.n; i++) {
		const struct sum *cell = &report->uncertain.slots[i];

		cells_add(report, cell, report->sites[cube_node(cell->key)].variances);
		cells_add(report, cell, report->variances);
	}
}

double cells_error(double variance)
{
	return 1.96 * sqrt(variance);
}

double *cells_inclusive(const struct report *report, enum report_value value)
{
	double *nodes = memory_new(report->tree.n, sizeof(*nodes));

	for (size_t i = 0; i < report->cube.n && value != VALUE_TEMPORARY; i++) {
		double values[N_REPORT_VALUES] = {0};

		cells_add(report, &report->cube.slots[i], values);
		nodes[cube_node(report->cube.slots[i].key)] += values[value];
	}
	for (size_t i = 0; i < report->temporaries.n && value == VALUE_TEMPORARY; i++)
		nodes[report->temporaries.slots[i].key] +=
			report->temporaries.slots[i].blocks;
	for (size_t i = report->tree.n; i-- > 1;)
		nodes[report->tree.nodes[i].parent] += nodes[i];
	return nodes;
}

void cells_index(struct report *report)
{
	size_t n = report->n_sites;
	size_t *first = memory_new(n + 2, sizeof(*first));

	report->first_cells = first;
	report->site_cells = memory_new(report->cube.n, sizeof(*report->site_cells));
	/* Counted two places on, first[site + 1] is where the next one of a site goes,
	 * and in the end where those of the site after it begin */
	for (size_t i = 0; i < report->cube.n; i++)
		first[site_of(report, &report->cube.slots[i]) + 2]++;
	for (size_t i = 2; i < n + 2; i++)
		first[i] += first[i - 1];
	for (size_t i = 0; i < report->cube.n; i++)
		report->site_cells[first[site_of(report, &report->cube.slots[i]) + 1]++] =
			i;
}

double *cells_series(const struct report *report, size_t site)
{
	double *live = memory_new(report->edges.n + 1, sizeof(*live));
	bool all = site >= report->n_sites;
	size_t begin = all ? 0 : report->first_cells[site];
	size_t end = all ? report->cube.n : report->first_cells[site + 1];

	for (size_t i = begin; i < end; i++) {
		const struct sum *cell =
			&report->cube.slots[all ? i : report->site_cells[i]];

		live[cube_born(cell->key)] += cell->bytes;
		live[cube_died(cell->key)] -= cell->bytes;
	}
	for (size_t i = 1; i < report->edges.n; i++)
		live[i] += live[i - 1];
	return live;
}
