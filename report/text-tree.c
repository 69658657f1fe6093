// SPDX-License-Identifier: MIT
/*
 * The call tree in lines. A line is indented only where its caller calls several
 * functions that are shown, so that deep stacks stay readable. Nothing recurses: a stack
 * may be deeper than ours.
 */
#include <stdio.h>
#include <stdlib.h>

#include "report/calltree.h"
#include "report/memory.h"
#include "report/numbers.h"

#include "report/text-parts.h"

#define MIN_SHARE 0.01 /* of the whole, of nodes that are shown */
#define MAX_INDENT 24

struct pending {
	uint32_t node;
	size_t indent;
};

struct tree_text {
	const struct text *text;
	struct calltree calltree;
	struct pending *pending;
	size_t n, n_max;
	double least;
};

static size_t count_shown(const struct tree_text *t, uint32_t node)
{
	const uint32_t *child = t->calltree.children[node];
	size_t n = 0;

	while (child[n] && t->calltree.all[child[n]] >= t->least)
		n++;
	return n;
}

static void push(struct tree_text *t, uint32_t node, size_t indent)
{
	t->pending = memory_grow(t->pending, t->n, &t->n_max, sizeof(*t->pending));
	t->pending[t->n++] = (struct pending){node, indent};
}

static void push_children(struct tree_text *t, uint32_t node, size_t indent)
{
	size_t n = count_shown(t, node);

	if (n > 1 && indent < MAX_INDENT)
		indent++;
	for (size_t i = n; i-- > 0;)
		push(t, t->calltree.children[node][i], indent);
}

static void write_value(const struct tree_text *t, double value)
{
	enum report_value kind = text_sort_value(t->text->options->sort);
	bool counts = kind == VALUE_BLOCKS || kind == VALUE_TEMPORARY;

	fprintf(t->text->screen->out, "%11s%8s  ",
		counts ? count_text(value).text : bytes_text(value).text,
		percent_text(value, t->calltree.all[0]).text);
}

static void write_node(const struct tree_text *t, struct pending p)
{
	const struct screen *s = t->text->screen;
	const char *name = text_function(t->text, t->calltree.tree.nodes[p.node].frame);
	size_t used = 21 + p.indent;
	char *cut = screen_cut(s, name,
			       s->width == SIZE_MAX ? SIZE_MAX
			       : s->width > used    ? s->width - used
						    : 1);

	write_value(t, t->calltree.all[p.node]);
	fprintf(s->out, "%*s%s\n", (int)p.indent, "", cut);
	free(cut);
}

void text_write_tree(const struct screen *screen, const struct report *report,
		     const struct text_options *options)
{
	const struct text text = {screen, report, options};
	struct tree_text t = {.text = &text,
			      .calltree = calltree_make(report,
							text_sort_value(options->sort),
							options->callers)};
	size_t shown = 0;
	char *about;

	t.least = t.calltree.all[0] * MIN_SHARE;
	if (t.least <= 0)
		t.least = 0.5;
	text_heading(&text, "%s, by %s", options->callers ? "Callers" : "Call tree",
		     text_sort_names[options->sort]);
	write_value(&t, t.calltree.all[0]);
	fputs("(all)\n", screen->out);
	push_children(&t, 0, 0);
	while (t.n > 0) {
		struct pending p = t.pending[--t.n];

		write_node(&t, p);
		push_children(&t, p.node, p.indent);
		shown++;
	}
	about = memory_format("(%zu of %zu functions in their callers are shown: those "
			      "with %g %% or more)",
			      shown, t.calltree.tree.n - 1, MIN_SHARE * 100);
	screen_wrap(screen, about, 0, 0);
	free(about);
	calltree_fini(&t.calltree);
	free(t.pending);
}
