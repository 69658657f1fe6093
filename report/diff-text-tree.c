// SPDX-License-Identifier: MIT
/*
 * The merged call tree. Of each node there are the values of itself and all below it, and
 * how much changed there, in whatever direction: what grew by as much as it shrank
 * elsewhere is shown.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "report/diff-text-parts.h"
#include "report/memory.h"

#include "report/diff-text.h"

#define MIN_SHARE 0.01 /* of all that changed, of nodes that are shown */
#define MAX_INDENT 24

struct pending {
	uint32_t node;
	size_t indent;
};

struct diff_tree {
	const struct diff_text *text;
	struct diff_values *all;
	double *moved;
	uint32_t *first, *next; /* children */
	struct pending *pending;
	size_t n, n_max;
	double least;
};

static void add_up_tree(struct diff_tree *t)
{
	const struct diff *d = t->text->diff;

	t->all = memory_new(d->tree.n, sizeof(*t->all));
	t->moved = memory_new(d->tree.n, sizeof(*t->moved));
	t->first = memory_new(d->tree.n, sizeof(*t->first));
	t->next = memory_new(d->tree.n, sizeof(*t->next));
	for (size_t i = d->tree.n; i-- > 0;) {
		uint32_t parent = d->tree.nodes[i].parent;

		diff_add(&t->all[i], &d->own[i]);
		t->moved[i] += fabs(diff_of(&d->own[i], t->text->value));
		if (i == 0)
			continue;
		diff_add(&t->all[parent], &t->all[i]);
		t->moved[parent] += t->moved[i];
		t->next[i] = t->first[parent];
		t->first[parent] = (uint32_t)i;
	}
	t->least = fmax(t->text->least, t->moved[0] * MIN_SHARE);
}

static const double *sorted_moved;

static int compare_moved(const void *left, const void *right)
{
	const struct pending *a = left, *b = right;
	double x = sorted_moved[a->node], y = sorted_moved[b->node];

	if (x != y) /* the last one is taken first */
		return x < y ? -1 : 1;
	return (a->node < b->node) - (a->node > b->node);
}

static void push_children(struct diff_tree *t, uint32_t node, size_t indent)
{
	size_t before = t->n;

	for (uint32_t child = t->first[node]; child; child = t->next[child]) {
		if (t->moved[child] < t->least)
			continue;
		t->pending =
			memory_grow(t->pending, t->n, &t->n_max, sizeof(*t->pending));
		t->pending[t->n++] = (struct pending){child, indent};
	}
	sorted_moved = t->moved;
	if (t->n > before)
		qsort(t->pending + before, t->n - before, sizeof(*t->pending),
		      compare_moved);
	for (size_t i = before; i < t->n && t->n > before + 1 && indent < MAX_INDENT; i++)
		t->pending[i].indent = indent + 1;
}

static void write_node(const struct diff_tree *t, struct pending p)
{
	const struct diff *d = t->text->diff;
	const struct diff_function *f = &d->functions[d->tree.nodes[p.node].frame];
	char *name = memory_format(
		"%*s%s", (int)p.indent, "",
		p.node ? text_function(&t->text->sides[f->side], f->function) : "(all)");

	diff_row(t->text, "", &t->all[p.node], 0, name);
	free(name);
}

void diff_write_tree(const struct screen *screen, const struct diff *diff,
		     const struct diff_options *options)
{
	struct diff_text text = diff_text_make(screen, diff, options);
	struct diff_tree t = {.text = &text};
	size_t shown = 0;
	char *about;

	diff_text_begin(&text);
	add_up_tree(&t);
	diff_write_side(&text, SIDE_A);
	diff_write_side(&text, SIDE_B);
	text_heading(&text.sides[SIDE_B], "Call tree, B minus A: %s",
		     text_sort_titles[options->sort]);
	write_node(&t, (struct pending){0, 0});
	push_children(&t, 0, 0);
	while (t.n > 0) {
		struct pending p = t.pending[--t.n];

		write_node(&t, p);
		push_children(&t, p.node, p.indent);
		shown++;
	}
	about = memory_format("(%zu of %zu functions in their callers are shown: those "
			      "below which %s or more changed)",
			      shown, diff->tree.n - 1,
			      diff_figure(text.value, t.least).text);
	screen_wrap(screen, about, 0, 0);
	free(about);
	free(t.all);
	free(t.moved);
	free(t.first);
	free(t.next);
	free(t.pending);
}
