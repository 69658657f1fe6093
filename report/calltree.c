// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "report/cells.h"
#include "report/memory.h"

#include "report/calltree.h"

/* What each node of the report's tree has itself, without those below it. */
static double *own_values(const struct report *report, enum report_value value)
{
	double *own = cells_inclusive(report, value);
	const struct nodes *tree = &report->tree;
	double *inclusive = memory_new(tree->n, sizeof(*inclusive));

	memcpy(inclusive, own, tree->n * sizeof(*own));
	for (size_t i = 1; i < tree->n; i++)
		own[tree->nodes[i].parent] -= inclusive[i];
	free(inclusive);
	return own;
}

static uint32_t function_of(const struct report *report, uint32_t node)
{
	return report->frames[report->tree.nodes[node].frame].function;
}

/* What runs before main says nothing. */
static bool starts(const struct report *report, uint32_t node)
{
	return report->frames[report->tree.nodes[node].frame].flags & FRAME_STARTUP;
}

static void add_value(struct calltree *c, size_t *n_max, uint32_t node, double value)
{
	while (*n_max < c->tree.n)
		c->self = memory_grow(c->self, *n_max, n_max, sizeof(*c->self));
	c->self[node] += value;
}

static void merge_downwards(struct calltree *c, const struct report *report,
			    const double *own)
{
	uint32_t *merged = memory_new(report->tree.n, sizeof(*merged));
	size_t n_max = 0;

	add_value(c, &n_max, 0, own[0]);
	for (uint32_t i = 1; i < report->tree.n; i++) {
		merged[i] = merged[report->tree.nodes[i].parent];
		if (!starts(report, i))
			merged[i] =
				nodes_child(&c->tree, merged[i], function_of(report, i));
		add_value(c, &n_max, merged[i], own[i]);
	}
	free(merged);
}

static void merge_outwards(struct calltree *c, const struct report *report,
			   const double *own)
{
	size_t n_max = 0;

	add_value(c, &n_max, 0, own[0]);
	for (uint32_t i = 1; i < report->tree.n; i++) {
		uint32_t node = 0;

		if (own[i] < 0.5)
			continue;
		for (uint32_t k = i; k; k = report->tree.nodes[k].parent) {
			if (!starts(report, k))
				node = nodes_child(&c->tree, node,
						   function_of(report, k));
		}
		add_value(c, &n_max, node, own[i]);
	}
}

static void sum_up(struct calltree *c)
{
	c->all = memory_new(c->tree.n, sizeof(*c->all));
	memcpy(c->all, c->self, c->tree.n * sizeof(*c->all));
	for (size_t i = c->tree.n; i-- > 1;)
		c->all[c->tree.nodes[i].parent] += c->all[i];
}

static const double *sorted_values;

static int compare_nodes(const void *left, const void *right)
{
	uint32_t a, b;

	memcpy(&a, left, sizeof(a));
	memcpy(&b, right, sizeof(b));
	if (sorted_values[a] != sorted_values[b])
		return sorted_values[a] < sorted_values[b] ? 1 : -1;
	return (a > b) - (a < b);
}

static void link_children(struct calltree *c)
{
	size_t n = c->tree.n, at = 0;
	uint32_t *counts = memory_new(n, sizeof(*counts));

	c->children = memory_new(n, sizeof(*c->children));
	c->child_space = memory_new(2 * n, sizeof(*c->child_space));
	for (size_t i = 1; i < n; i++)
		counts[c->tree.nodes[i].parent]++;
	for (size_t i = 0; i < n; i++) {
		c->children[i] = c->child_space + at;
		at += counts[i] + 1;
		counts[i] = 0;
	}
	for (uint32_t i = 1; i < n; i++) {
		uint32_t parent = c->tree.nodes[i].parent;

		c->children[parent][counts[parent]++] = i;
	}
	sorted_values = c->all;
	for (size_t i = 0; i < n; i++)
		qsort(c->children[i], counts[i], sizeof(uint32_t), compare_nodes);
	free(counts);
}

struct calltree calltree_make(const struct report *report, enum report_value value,
			      bool callers)
{
	struct calltree c = {0};
	double *own = own_values(report, value);

	nodes_init(&c.tree);
	if (callers)
		merge_outwards(&c, report, own);
	else
		merge_downwards(&c, report, own);
	sum_up(&c);
	link_children(&c);
	free(own);
	return c;
}

void calltree_fini(struct calltree *c)
{
	nodes_fini(&c->tree);
	free(c->all);
	free(c->self);
	free(c->children);
	free(c->child_space);
}
