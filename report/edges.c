// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "report/memory.h"

#include "report/edges.h"

static int compare_times(const void *left, const void *right)
{
	int64_t a, b;

	memcpy(&a, left, sizeof(a));
	memcpy(&b, right, sizeof(b));
	return (a > b) - (a < b);
}

static void sort_distinct(struct edges *e)
{
	size_t n = 0;

	qsort(e->ns, e->n, sizeof(*e->ns), compare_times);
	for (size_t i = 0; i < e->n; i++) {
		if (n == 0 || e->ns[i] != e->ns[n - 1])
			e->ns[n++] = e->ns[i];
	}
	e->n = n;
}

static void index_steps(struct edges *e)
{
	size_t edge = 0;

	e->n_steps = (size_t)(e->ns[e->n - 1] / e->step_ns) + 1;
	e->first = memory_new(e->n_steps, sizeof(*e->first));
	for (size_t i = 0; i < e->n_steps; i++) {
		while (e->ns[edge] < (int64_t)i * e->step_ns)
			edge++;
		e->first[i] = (uint32_t)edge;
	}
}

void edges_init(struct edges *e, int64_t end_ns, size_t n_steps, const int64_t *moments,
		size_t n_moments)
{
	*e = (struct edges){.step_ns = end_ns / (int64_t)n_steps};
	if (e->step_ns < 1)
		e->step_ns = 1;
	e->ns = memory_new(n_steps + n_moments + 2, sizeof(*e->ns));
	for (size_t i = 0; i < n_steps && (int64_t)i * e->step_ns < end_ns; i++)
		e->ns[e->n++] = (int64_t)i * e->step_ns;
	for (size_t i = 0; i < n_moments; i++) {
		if (moments[i] > 0 && moments[i] < end_ns)
			e->ns[e->n++] = moments[i];
	}
	e->ns[e->n++] = 0;
	e->ns[e->n++] = end_ns;
	sort_distinct(e);
	index_steps(e);
}

size_t edges_find(const struct edges *e, int64_t ns)
{
	size_t i;

	if (ns <= 0)
		return 0;
	if (ns >= e->ns[e->n - 1])
		return e->n - 1;
	i = e->first[ns / e->step_ns];
	while (e->ns[i] < ns)
		i++;
	return i;
}

void edges_fini(struct edges *e)
{
	free(e->ns);
	free(e->first);
}
