/* SPDX-License-Identifier: MIT */
/*
 * Chooses what a page shows of a report: nodes and sites that are large enough. What is
 * left out is added to nodes and a site that stand for it, so that sums stay right.
 */
#pragma once

#include "report/model.h"

/* A site that is one of the first so many by any value is kept. */
#define PRUNE_SITES 500

struct pruned {
	struct nodes tree;
	uint32_t *node; /* of each node of the report: its node here */
	double *temporary_blocks, *temporary_bytes; /* of each node here */
	uint32_t *site;            /* of each site of the report: its site here */
	struct report_site *sites; /* by bytes at the peak; the last may be all others */
	size_t n_sites;
	size_t n_folded; /* nodes of stacks that have none of their own */
	double threshold;
};

/*
 * Keep nodes that have `threshold` of the bytes, blocks, bytes live at the peak or at the
 * end, or bytes times their lifetime, with all below them. Dies if memory runs out.
 */
struct pruned prune(const struct report *report, double threshold);
void pruned_fini(struct pruned *pruned);
