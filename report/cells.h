/* SPDX-License-Identifier: MIT */
/* What the cells of the cube say: of sites, of nodes, over time. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "report/model.h"

/* Return whether sites must be counted from cells: only a part of the process is asked
 * for. */
static inline bool cells_are_needed(const struct report *report)
{
	return report->has_window || report->thread;
}

/* Find the cells of each site, when the cube is whole and sorted. */
void cells_index(struct report *report);

/* Add what a cell counts for in the window: blocks and bytes allocated in it, those of
 * them that were never freed, and those that were live at the peak of the window. */
void cells_add(const struct report *report, const struct sum *cell,
	       double values[N_REPORT_VALUES]);

/* Make the values of sites and all totals those of the window and thread. */
void cells_recount(struct report *report);

/* Find the variances of the values of sites and of all, if they are estimates. */
void cells_find_variances(struct report *report);

/* Return half the width of the interval in which the true value is with 95 % certainty.
 */
double cells_error(double variance);

/* Make an array with a value of each node, of itself and all below it. The caller frees
 * it. */
double *cells_inclusive(const struct report *report, enum report_value value);

/* Make an array of the bytes of a site that were live at each edge; of all sites
 * together, if `site` is report->n_sites. The caller frees it. */
double *cells_series(const struct report *report, size_t site);
