// SPDX-License-Identifier: MIT
/*
 * The merged tree in lines, those that changed most first, each indented below what
 * retains it. What did not change is there where something below it did. Nothing
 * recurses.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/path.h"
#include "database/overview.h"
#include "report/diff-text.h"
#include "report/memory.h"
#include "report/numbers.h"
#include "report/screen.h"

#include "report/holders-diff.h"

#define MIN_SHARE 0.01 /* of all changes, of groups that are shown */
#define MAX_INDENT 40
#define FIGURES 46     /* columns before the names, */
#define FEW_FIGURES 14 /* and if lines are short */
#define SHORT_WIDTH 72

struct changes_text {
	const struct screen *screen;
	const struct holders_diff *diff;
	const struct diff_options *options;
	double least;
	uint32_t *order; /* by parent, those that changed most first */
	size_t *first;   /* where the children of each begin in it */
	struct pending {
		uint32_t change;
		size_t indent;
		size_t others; /* not 0: so many of them, which are summed up */
		struct holders_values of[N_SIDES];
	} * pending;
	size_t n, n_max;
};

/* qsort has no argument for these. */
static const struct holders_change *sorted_changes;

static int64_t change_of(const struct holders_values of[N_SIDES])
{
	return of[SIDE_B].retained_bytes - of[SIDE_A].retained_bytes;
}

static int compare(const void *left, const void *right)
{
	uint32_t i = *(const uint32_t *)left, j = *(const uint32_t *)right;
	const struct holders_change *a = &sorted_changes[i], *b = &sorted_changes[j];
	int64_t x = llabs(change_of(a->of)), y = llabs(change_of(b->of));

	if (a->parent != b->parent)
		return a->parent < b->parent ? -1 : 1;
	if (x != y)
		return x > y ? -1 : 1;
	if (a->moved != b->moved)
		return a->moved > b->moved ? -1 : 1;
	return (i > j) - (i < j);
}

/* Number 0, which has no parent, comes last. */
static void sort_changes(struct changes_text *t)
{
	const struct holders_diff *d = t->diff;

	t->order = memory_new(d->n_changes, sizeof(*t->order));
	t->first = memory_new(d->n_changes + 1, sizeof(*t->first));
	for (uint32_t i = 0; i < d->n_changes; i++)
		t->order[i] = i;
	sorted_changes = d->changes;
	qsort(t->order, d->n_changes, sizeof(*t->order), compare);
	for (size_t i = 1; i < d->n_changes; i++)
		t->first[d->changes[i].parent + 1]++;
	for (size_t i = 0; i < d->n_changes; i++)
		t->first[i + 1] += t->first[i];
}

static void push(struct changes_text *t, struct pending pending)
{
	t->pending = memory_grow(t->pending, t->n, &t->n_max, sizeof(*t->pending));
	t->pending[t->n++] = pending;
}

static void add_values(struct pending *sum, const struct holders_change *c)
{
	sum->others++;
	for (int i = 0; i < N_SIDES; i++) {
		sum->of[i].retained_blocks += c->of[i].retained_blocks;
		sum->of[i].retained_bytes += c->of[i].retained_bytes;
	}
}

static bool is_shown(const struct changes_text *t, const struct holders_change *c)
{
	return c->moved > 0 && (double)c->moved >= t->least;
}

/* The last one first: it is a stack. What did not change is not counted either. */
static void push_children(struct changes_text *t, uint32_t change, size_t indent)
{
	size_t begin = t->first[change], end = t->first[change + 1], shown = 0;
	uint32_t *kept = memory_new(t->options->top, sizeof(*kept));
	struct pending others = {.indent = indent};

	for (size_t i = begin; i < end; i++) {
		const struct holders_change *c = &t->diff->changes[t->order[i]];

		if (is_shown(t, c) && shown < t->options->top)
			kept[shown++] = t->order[i];
		else if (c->moved > 0)
			add_values(&others, c);
	}
	if (others.others > 0)
		push(t, others);
	while (shown-- > 0)
		push(t, (struct pending){.change = kept[shown], .indent = indent});
	free(kept);
}

static char *root_text(const struct holders *h, const struct holders_change *c,
		       enum diff_side side, bool full)
{
	char *name = holders_root_name(h, c->roots[side], full), *text;

	if (c->n_roots[side] < 2)
		return name;
	text = memory_format("%s and %zu more of that name", name, c->n_roots[side] - 1);
	free(name);
	return text;
}

static char *site_text(const struct holders *h, const struct holders_change *c,
		       enum diff_side side, bool full)
{
	uint32_t site = c->sites[side];
	char *name = holders_site_name(h, site, full);
	char *text = memory_format(
		"s%lld %s%s", site == HOLDER_NONE ? 0 : (long long)h->sites[site].number,
		name, c->parent == 0 ? ", held by several" : "");

	free(name);
	return text;
}

/* By the names of B, if it is there. */
static char *change_text(const struct changes_text *t, const struct holders_change *c)
{
	enum diff_side side = c->is_in[SIDE_B] ? SIDE_B : SIDE_A;
	const struct holders *h = t->diff->sides[side];
	bool full = t->options->full_names;
	char *name =
		c->is_root ? root_text(h, c, side, full) : site_text(h, c, side, full);
	char *text = memory_format("%s%s", name,
				   !c->is_in[SIDE_A]   ? ", new"
				   : !c->is_in[SIDE_B] ? ", gone"
						       : "");

	free(name);
	return text;
}

static struct number_text signed_text(int64_t number, bool is_bytes)
{
	if (number == 0)
		return (struct number_text){"0"};
	return is_bytes ? signed_bytes_text((double)number)
			: signed_count_text((double)number);
}

static void write_figures(const struct changes_text *t,
			  const struct holders_values of[N_SIDES])
{
	fprintf(t->screen->out, "%12s", signed_text(change_of(of), true).text);
	if (t->screen->width >= SHORT_WIDTH)
		fprintf(t->screen->out, "%11s%11s%10s",
			bytes_text((double)of[SIDE_A].retained_bytes).text,
			bytes_text((double)of[SIDE_B].retained_bytes).text,
			signed_text(of[SIDE_B].retained_blocks -
					    of[SIDE_A].retained_blocks,
				    false)
				.text);
}

static void write_line(const struct changes_text *t, const struct pending *p)
{
	const struct holders_change *c = &t->diff->changes[p->change];
	char *text = p->others ? memory_format("(%zu other%s)", p->others,
					       p->others == 1 ? "" : "s")
			       : change_text(t, c);
	size_t width = t->screen->width;
	size_t used = (width < SHORT_WIDTH ? FEW_FIGURES : FIGURES) + p->indent;
	char *cut = screen_cut(t->screen, text,
			       width == SIZE_MAX ? SIZE_MAX
			       : width > used    ? width - used
						 : 1);

	write_figures(t, p->others ? p->of : c->of);
	fprintf(t->screen->out, "  %*s%s\n", (int)p->indent, "", cut);
	free(text);
	free(cut);
}

static void write_paragraph(const struct screen *screen, char *text)
{
	screen_wrap(screen, text, 0, 3);
	free(text);
}

static void write_side(const struct changes_text *t, const struct overview_process *p,
		       enum diff_side side)
{
	const struct holders *h = t->diff->sides[side];

	write_paragraph(
		t->screen,
		memory_format("%s  %s: %s (p%lld, pid %lld), heap snapshot '%s' "
			      "at %s: %s in %s",
			      side == SIDE_A ? "A" : "B", t->options->inputs[side],
			      path_base(p->executable ? p->executable : "?"),
			      (long long)p->process, (long long)p->pid, h->name,
			      time_text(h->at_ns).text, bytes_text((double)h->bytes).text,
			      blocks_text((double)h->blocks).text));
}

static void write_kept(const struct changes_text *t)
{
	const struct holders_kept *k = &t->diff->kept;

	if (!t->diff->sites)
		return;
	write_paragraph(
		t->screen,
		memory_format(
			"in both: %s in %s; only in A: %s in %s; only in B: %s in %s",
			bytes_text((double)k->both_bytes).text,
			blocks_text((double)k->both_blocks).text,
			bytes_text((double)k->gone_bytes).text,
			blocks_text((double)k->gone_blocks).text,
			bytes_text((double)k->added_bytes).text,
			blocks_text((double)k->added_blocks).text));
}

static void write_heading(const struct changes_text *t)
{
	screen_style(t->screen, STYLE_STRONG);
	fputs("\nWhat changed, below what retains it\n", t->screen->out);
	screen_style(t->screen, STYLE_PLAIN);
	fprintf(t->screen->out, "%12s", "change");
	if (t->screen->width >= SHORT_WIDTH)
		fprintf(t->screen->out, "%11s%11s%10s", "A", "B", "blocks");
	putc('\n', t->screen->out);
}

static void write_tree(struct changes_text *t)
{
	sort_changes(t);
	push_children(t, 0, 0);
	while (t->n > 0) {
		struct pending p = t->pending[--t->n];

		write_line(t, &p);
		if (!p.others)
			push_children(t, p.change,
				      p.indent < MAX_INDENT ? p.indent + 2 : p.indent);
	}
	free(t->order);
	free(t->first);
	free(t->pending);
}

static double least_of(const struct holders_diff *d, const struct diff_options *o)
{
	double share = o->least_share * (double)d->sides[SIDE_A]->bytes;

	if (o->least > 0 || o->least_share > 0)
		return o->least > share ? o->least : share;
	return MIN_SHARE * (double)d->changes[0].moved;
}

void holders_diff_write(const struct screen *screen, const struct holders_diff *diff,
			const struct overview_process *const processes[N_SIDES],
			const struct diff_options *options)
{
	struct changes_text t = {.screen = screen,
				 .diff = diff,
				 .options = options,
				 .least = least_of(diff, options)};

	for (int i = 0; i < N_SIDES; i++)
		write_side(&t, processes[i], (enum diff_side)i);
	write_kept(&t);
	if (diff->changes[0].moved == 0) {
		fputs("\nNothing retains more or less than before.\n", screen->out);
		return;
	}
	write_heading(&t);
	write_tree(&t);
}
