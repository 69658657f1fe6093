// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "report/memory.h"

#include "report/sites.h"

/* qsort has no argument for these. */
static const struct report_site *sorted_sites;
static enum report_value sorted_value;

static int compare_sites(const void *left, const void *right)
{
	uint32_t a, b;
	double x, y;

	memcpy(&a, left, sizeof(a));
	memcpy(&b, right, sizeof(b));
	x = sorted_sites[a].values[sorted_value];
	y = sorted_sites[b].values[sorted_value];
	if (x != y)
		return x < y ? 1 : -1;
	return sorted_sites[a].number < sorted_sites[b].number ? -1 : 1;
}

uint32_t *sites_order(const struct report *report, enum report_value value)
{
	uint32_t *order = memory_new(report->n_sites, sizeof(*order));

	for (uint32_t i = 0; i < report->n_sites; i++)
		order[i] = i;
	sorted_sites = report->sites;
	sorted_value = value;
	qsort(order, report->n_sites, sizeof(*order), compare_sites);
	return order;
}
