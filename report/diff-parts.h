/* SPDX-License-Identifier: MIT */
/* What diff.c and diff-match.c share. */
#pragma once

#include "report/diff.h"

/* Pair the sites of A with those of B. Returns, for each site of A, its site of B plus 1;
 * 0: it has none. The caller frees the array. */
uint32_t *diff_match(const struct diff *diff);

/* Return whether a function starts the program or a thread: paths leave it out. */
static inline bool diff_starts(const struct report *report, uint32_t node)
{
	return report->frames[report->tree.nodes[node].frame].flags & FRAME_STARTUP;
}

/* Return the function of a node's frame, as both sides know it. */
static inline uint32_t diff_function(const struct diff *diff, enum diff_side side,
				     uint32_t node)
{
	const struct report *report = diff->sides[side];

	return diff->plain[side][report->frames[report->tree.nodes[node].frame].function];
}
