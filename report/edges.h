/* SPDX-License-Identifier: MIT */
/*
 * The times at which a report looks at a process: equal steps and, exactly, the moments
 * that somebody asks about. docs/reference/report-page.md says what born and died mean.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define EDGES_MAX 16384 /* of all, so that an index fits in 16 bits */

struct edges {
	int64_t *ns; /* increasing, from 0 to the end */
	size_t n;
	int64_t step_ns;
	uint32_t *first; /* by step: the first edge in it or after it */
	size_t n_steps;
};

/*
 * Make edges from 0 to end_ns: n_steps equal steps, and the n_moments moments, which may
 * be in any order and those outside left out. Dies if memory runs out.
 */
void edges_init(struct edges *edges, int64_t end_ns, size_t n_steps,
		const int64_t *moments, size_t n_moments);
void edges_fini(struct edges *edges);

/* Return the index of the first edge that is not before a time, or of the last edge. */
size_t edges_find(const struct edges *edges, int64_t ns);
