// SPDX-License-Identifier: MIT
/*
 * Blocks that were resized, by site. Final sizes are counted in eight steps for each
 * power of two, so a quantile is right to an eighth, upwards.
 */
#include <stdlib.h>

#include "database/rows.h"
#include "report/memory.h"

#include "report/read-parts.h"

#define STEP_BITS 3
#define N_STEPS ((64 - STEP_BITS) << STEP_BITS)

struct growth_counts {
	struct report_growth growth;
	uint32_t counts[N_STEPS];
};

/* Sizes below 8 have a step each. */
static size_t step_of(uint64_t size)
{
	int bits = 63 - __builtin_clzll(size | 1) - STEP_BITS;

	if (bits < 0)
		return (size_t)size;
	return ((size_t)bits << STEP_BITS) + (size_t)(size >> bits);
}

/* The largest size of a step. */
static int64_t step_end(size_t step)
{
	size_t bits;

	if (step < (2u << STEP_BITS))
		return (int64_t)step;
	bits = (step >> STEP_BITS) - 1;
	return (int64_t)((((step & ((1u << STEP_BITS) - 1)) + (1u << STEP_BITS) + 1)
			  << bits) -
			 1);
}

static int64_t find_quantile(const struct growth_counts *g, double share)
{
	double wanted = share * g->growth.chains, seen = 0;

	for (size_t i = 0; i < N_STEPS; i++) {
		seen += g->counts[i];
		if (g->counts[i] && seen >= wanted)
			return step_end(i) < g->growth.largest ? step_end(i)
							       : g->growth.largest;
	}
	return g->growth.largest;
}

static void count(struct growth_counts *g, const struct overview_chain *chain)
{
	int64_t size = chain->final_size > 0 ? chain->final_size : 0;

	g->growth.chains++;
	g->growth.reallocs += (double)chain->reallocs;
	g->growth.moves += (double)chain->moves;
	g->growth.copied_bytes += (double)chain->copied_bytes;
	g->counts[step_of((uint64_t)size)]++;
	if (size > g->growth.largest)
		g->growth.largest = size;
}

static void finish(struct report *report, struct growth_counts *g, uint32_t site)
{
	g->growth.site = site;
	g->growth.p50 = find_quantile(g, 0.5);
	g->growth.p95 = find_quantile(g, 0.95);
	report->growths = memory_grow(report->growths, report->n_growths,
				      &report->n_growths_max, sizeof(*report->growths));
	report->growths[report->n_growths++] = g->growth;
}

void reading_take_growths(struct reading *r)
{
	struct report *report = r->report;
	struct growth_counts **sites = memory_new(report->n_sites, sizeof(*sites));
	struct rows *rows = overview_select_chains(r->database);
	struct overview_chain row;

	rows_set(rows, 1, report->process.process);
	while (rows_next(rows, &row)) {
		const struct read_stack *stack =
			&r->stacks[reading_stack(r, row.last_stack)];

		if (!stack->is_used)
			continue;
		if (!sites[stack->site])
			sites[stack->site] = memory_new(1, sizeof(**sites));
		count(sites[stack->site], &row);
	}
	rows_close(rows);
	for (size_t i = 0; i < report->n_sites; i++) {
		if (sites[i])
			finish(report, sites[i], (uint32_t)i);
		free(sites[i]);
	}
	free(sites);
}
