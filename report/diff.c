// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/cells.h"
#include "report/diff-parts.h"
#include "report/memory.h"
#include "symbols/signature.h"

#include "report/diff.h"

#define MAX_NAME 1024

const char *const diff_status_names[N_DIFF_STATUSES] = {
	[DIFF_SAME] = "same", [DIFF_GROWN] = "grown", [DIFF_SHRUNK] = "shrunk",
	[DIFF_NEW] = "new",   [DIFF_GONE] = "gone",
};

/* B comes second, so that its names are the ones that are shown. */
static void take_functions(struct diff *d, enum diff_side side)
{
	const struct report *r = d->sides[side];

	d->plain[side] = memory_new(r->n_functions + 1, sizeof(*d->plain[side]));
	for (uint32_t i = 0; i < r->n_functions; i++) {
		const char *name = strings_get(&r->strings, r->functions[i].full_name);
		char plain[MAX_NAME + 1];
		uint32_t number;

		plain[signature_name(name, plain, MAX_NAME)] = 0;
		/* What is all brackets has nothing left, but is not nothing */
		number = strings_add(&d->names, plain[0] ? plain : name);
		while (d->n_functions <= number)
			d->functions =
				memory_grow(d->functions, d->n_functions++,
					    &d->n_functions_max, sizeof(*d->functions));
		d->functions[number] = (struct diff_function){side, i};
		d->plain[side][i] = number;
	}
}

static void add_values(struct diff *d, size_t *n_max, uint32_t node, enum diff_side side,
		       const double *values)
{
	while (*n_max < d->tree.n)
		d->own = memory_grow(d->own, *n_max, n_max, sizeof(*d->own));
	for (int i = 0; i < N_REPORT_VALUES; i++)
		d->own[node].of[side][i] += values[i];
}

static void take_tree(struct diff *d, enum diff_side side, size_t *n_max)
{
	const struct report *r = d->sides[side];
	double(*values)[N_REPORT_VALUES] = memory_new(r->tree.n, sizeof(*values));
	uint32_t *merged = memory_new(r->tree.n, sizeof(*merged));

	for (size_t i = 0; i < r->cube.n; i++)
		cells_add(r, &r->cube.slots[i], values[cube_node(r->cube.slots[i].key)]);
	for (size_t i = 0; i < r->temporaries.n && !r->has_window; i++)
		values[r->temporaries.slots[i].key][VALUE_TEMPORARY] +=
			r->temporaries.slots[i].blocks;
	add_values(d, n_max, 0, side, values[0]);
	for (uint32_t i = 1; i < r->tree.n; i++) {
		merged[i] = merged[r->tree.nodes[i].parent];
		if (!diff_starts(r, i))
			merged[i] = nodes_child(&d->tree, merged[i],
						diff_function(d, side, i));
		add_values(d, n_max, merged[i], side, values[i]);
	}
	free(values);
	free(merged);
}

static void take_side(struct diff *d, struct diff_change *change, enum diff_side side,
		      uint32_t site)
{
	const struct report_site *s = &d->sides[side]->sites[site];

	change->site[side] = site + 1;
	for (int i = 0; i < N_REPORT_VALUES; i++) {
		change->values.of[side][i] = s->values[i];
		change->variances[i] += s->variances[i];
	}
}

static uint32_t owner_of(const struct diff *d, enum diff_side side, uint32_t site)
{
	const struct report *r = d->sides[side];

	return d->plain[side][r->frames[r->sites[site].frame].function];
}

/* Another owner may be a matter of which functions count as wrappers. */
static bool is_renamed(const struct diff *d, uint32_t a, uint32_t b)
{
	uint32_t before = owner_of(d, SIDE_A, a);

	return before != owner_of(d, SIDE_B, b) && d->functions[before].side == SIDE_A;
}

static void take_changes(struct diff *d)
{
	const struct report *a = d->sides[SIDE_A], *b = d->sides[SIDE_B];
	uint32_t *matches = diff_match(d);
	bool *is_taken = memory_new(b->n_sites + 1, sizeof(*is_taken));

	d->changes = memory_new(a->n_sites + b->n_sites + 1, sizeof(*d->changes));
	for (uint32_t i = 0; i < a->n_sites; i++) {
		struct diff_change *change = &d->changes[d->n_changes++];

		take_side(d, change, SIDE_A, i);
		if (!matches[i])
			continue;
		take_side(d, change, SIDE_B, matches[i] - 1);
		is_taken[matches[i] - 1] = true;
		change->is_renamed = is_renamed(d, i, matches[i] - 1);
	}
	for (uint32_t i = 0; i < b->n_sites; i++) {
		if (!is_taken[i])
			take_side(d, &d->changes[d->n_changes++], SIDE_B, i);
	}
	free(matches);
	free(is_taken);
}

struct diff diff_make(const struct report *a, const struct report *b)
{
	struct diff d = {.sides = {a, b}};
	size_t n_max = 0;

	strings_init(&d.names);
	nodes_init(&d.tree);
	take_functions(&d, SIDE_A);
	take_functions(&d, SIDE_B);
	take_tree(&d, SIDE_A, &n_max);
	take_tree(&d, SIDE_B, &n_max);
	take_changes(&d);
	return d;
}

void diff_fini(struct diff *d)
{
	strings_fini(&d->names);
	nodes_fini(&d->tree);
	free(d->functions);
	free(d->own);
	free(d->changes);
	for (int i = 0; i < N_SIDES; i++)
		free(d->plain[i]);
}

enum diff_status diff_status(const struct diff_change *change, enum report_value value)
{
	double difference = diff_of(&change->values, value);

	if (!change->site[SIDE_A])
		return DIFF_NEW;
	if (!change->site[SIDE_B])
		return DIFF_GONE;
	return difference > 0 ? DIFF_GROWN : difference < 0 ? DIFF_SHRUNK : DIFF_SAME;
}

/* qsort has no argument for these. */
static const struct diff *sorted_diff;
static enum report_value sorted_value;
static bool sorted_relative;

/* What only one side has grew, or shrank, by more than any factor. */
static double weight(const struct diff_change *change)
{
	double a = change->values.of[SIDE_A][sorted_value];
	double b = change->values.of[SIDE_B][sorted_value];

	if (!sorted_relative || a == b)
		return fabs(b - a);
	return a > 0 && b > 0 ? fabs(log(b / a)) : INFINITY;
}

static int compare_changes(const void *left, const void *right)
{
	const struct diff_change *a, *b;
	double x, y;
	size_t i, k;

	memcpy(&i, left, sizeof(i));
	memcpy(&k, right, sizeof(k));
	a = &sorted_diff->changes[i];
	b = &sorted_diff->changes[k];
	x = weight(a);
	y = weight(b);
	if (x == y) {
		x = fabs(diff_of(&a->values, sorted_value));
		y = fabs(diff_of(&b->values, sorted_value));
	}
	if (x != y)
		return x < y ? 1 : -1;
	return (i > k) - (i < k);
}

size_t *diff_order(const struct diff *d, enum report_value value, bool relative)
{
	size_t *order = memory_new(d->n_changes + 1, sizeof(*order));

	for (size_t i = 0; i < d->n_changes; i++)
		order[i] = i;
	sorted_diff = d;
	sorted_value = value;
	sorted_relative = relative;
	qsort(order, d->n_changes, sizeof(*order), compare_changes);
	return order;
}
