// SPDX-License-Identifier: MIT
/*
 * The dominator tree by sites, and paths, in lines. A line is indented below what retains
 * it. Nothing recurses.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/path.h"
#include "database/overview.h"
#include "report/memory.h"
#include "report/numbers.h"
#include "report/screen.h"
#include "report/text.h"

#include "report/holders.h"

#define MIN_SHARE 0.01 /* of the whole, of groups that are shown */
#define MAX_INDENT 40
#define FIGURES 22   /* columns before the names */
#define MAX_STEPS 40 /* of a path; of a longer one its ends are shown */

struct holders_text {
	const struct screen *screen;
	const struct holders *holders;
	const struct text_options *options;
	uint32_t *order; /* groups by parent, those that retain most first */
	size_t *first;   /* where the children of each begin in it */
	struct pending {
		uint32_t group;
		size_t indent;
		size_t others; /* not 0: so many groups, which are summed up */
		int64_t bytes;
	} * pending;
	size_t n, n_max;
};

/* qsort has no argument for these. */
static const struct holder_group *sorted_groups;

static int compare(const void *left, const void *right)
{
	uint32_t i = *(const uint32_t *)left, j = *(const uint32_t *)right;
	const struct holder_group *a = &sorted_groups[i], *b = &sorted_groups[j];

	if (a->parent != b->parent)
		return a->parent < b->parent ? -1 : 1;
	if (a->retained_bytes != b->retained_bytes)
		return a->retained_bytes > b->retained_bytes ? -1 : 1;
	return i < j ? -1 : 1;
}

/* Group 0, which has no parent, comes last. */
static void sort_groups(struct holders_text *t)
{
	const struct holders *h = t->holders;

	t->order = memory_new(h->n_groups, sizeof(*t->order));
	t->first = memory_new(h->n_groups + 1, sizeof(*t->first));
	for (uint32_t i = 0; i < h->n_groups; i++)
		t->order[i] = i;
	sorted_groups = h->groups;
	qsort(t->order, h->n_groups, sizeof(*t->order), compare);
	for (size_t i = 1; i < h->n_groups; i++)
		t->first[h->groups[i].parent + 1]++;
	for (size_t i = 0; i < h->n_groups; i++)
		t->first[i + 1] += t->first[i];
}

static void push(struct holders_text *t, struct pending pending)
{
	t->pending = memory_grow(t->pending, t->n, &t->n_max, sizeof(*t->pending));
	t->pending[t->n++] = pending;
}

/* The last one first: it is a stack. */
static void push_children(struct holders_text *t, uint32_t group, size_t indent)
{
	const struct holder_group *groups = t->holders->groups;
	size_t begin = t->first[group], end = t->first[group + 1], shown = begin;
	struct pending others = {.indent = indent};

	while (shown < end && shown - begin < t->options->top &&
	       (double)groups[t->order[shown]].retained_bytes >=
		       MIN_SHARE * (double)groups[0].retained_bytes)
		shown++;
	for (size_t i = shown; i < end; i++)
		others.bytes += groups[t->order[i]].retained_bytes;
	others.others = end - shown;
	if (others.bytes > 0)
		push(t, others);
	for (size_t i = shown; i-- > begin;)
		push(t, (struct pending){.group = t->order[i], .indent = indent});
}

static char *root_text(const struct holders *h, uint32_t root, const char *name)
{
	return memory_format("%s, through %zu site%s", name, h->roots[root].sites,
			     h->roots[root].sites == 1 ? "" : "s");
}

/* What stands beside the roots has more than one. */
static char *blocks_of_site(const struct holders *h, const struct holder_group *g,
			    const char *name)
{
	return memory_format(
		"s%lld %s: %s of %s%s",
		g->site == HOLDER_NONE ? 0 : (long long)h->sites[g->site].number, name,
		blocks_text((double)g->blocks).text, bytes_text((double)g->bytes).text,
		g->parent == 0 ? ", held by several" : "");
}

static char *group_text(const struct holders_text *t, const struct holder_group *g)
{
	const struct holders *h = t->holders;
	bool full = t->options->full_names, is_root = g->root != HOLDER_NONE;
	char *name = is_root ? holders_root_name(h, g->root, full)
			     : holders_site_name(h, g->site, full);
	char *text = is_root ? root_text(h, g->root, name) : blocks_of_site(h, g, name);

	free(name);
	return text;
}

static void write_line(const struct holders_text *t, struct pending p)
{
	const struct holder_group *g = &t->holders->groups[p.group];
	int64_t bytes = p.others ? p.bytes : g->retained_bytes;
	char *text = p.others ? memory_format("(%zu other%s)", p.others,
					      p.others == 1 ? "" : "s")
			      : group_text(t, g);
	size_t used = FIGURES + p.indent, width = t->screen->width;
	char *cut = screen_cut(t->screen, text,
			       width == SIZE_MAX ? SIZE_MAX
			       : width > used    ? width - used
						 : 1);

	fprintf(t->screen->out, "%11s%9s  %*s%s\n", bytes_text((double)bytes).text,
		percent_text((double)bytes, (double)t->holders->groups[0].retained_bytes)
			.text,
		(int)p.indent, "", cut);
	free(text);
	free(cut);
}

static void write_paragraph(const struct screen *screen, char *text)
{
	screen_wrap(screen, text, 0, 2);
	free(text);
}

static void write_snapshot(const struct screen *screen, const struct holders *h)
{
	const char *others = h->n_snapshots > 1 ? "; --snapshot chooses another one" : "";

	write_paragraph(screen,
			memory_format("heap snapshot '%s' at %s: %s in %s; %s pointers, "
				      "%s of them possible%s",
				      h->name, time_text(h->at_ns).text,
				      bytes_text((double)h->bytes).text,
				      blocks_text((double)h->blocks).text,
				      count_text((double)h->edges).text,
				      count_text((double)h->possible_edges).text,
				      others));
}

void text_write_holders(const struct screen *screen, const struct holders *holders,
			const struct overview_process *process,
			const struct text_options *options)
{
	struct holders_text t = {screen, holders, options, NULL, NULL, NULL, 0, 0};
	const char *executable = process->executable ? process->executable : "?";

	screen_style(screen, STYLE_STRONG);
	write_paragraph(screen, memory_format("%s  (pid %lld)", path_base(executable),
					      (long long)process->pid));
	screen_style(screen, STYLE_PLAIN);
	write_snapshot(screen, holders);
	screen_style(screen, STYLE_STRONG);
	fputs("\nWho retains what\n", screen->out);
	screen_style(screen, STYLE_PLAIN);
	sort_groups(&t);
	push_children(&t, 0, 0);
	while (t.n > 0) {
		struct pending p = t.pending[--t.n];

		write_line(&t, p);
		if (!p.others)
			push_children(&t, p.group,
				      p.indent < MAX_INDENT ? p.indent + 2 : p.indent);
	}
	free(t.order);
	free(t.first);
	free(t.pending);
}

static char *block_text(const struct holders *h, const struct why *why, bool full)
{
	char *name = holders_site_name(h, why->block_site, full);
	char *text = memory_format("the block at 0x%llx, %s of s%lld %s",
				   (unsigned long long)why->address,
				   bytes_text((double)why->size).text,
				   why->block_site == HOLDER_NONE
					   ? 0
					   : (long long)h->sites[why->block_site].number,
				   name);

	free(name);
	return text;
}

static void write_site(const struct screen *screen, const struct holders *h,
		       const struct why *why, bool full)
{
	char *name = holders_site_name(h, why->site, full);

	write_paragraph(screen,
			memory_format("s%lld %s: %s of %s; %s held by pointers that are "
				      "only possible, %s by nothing",
				      (long long)h->sites[why->site].number, name,
				      blocks_text((double)why->blocks).text,
				      bytes_text((double)why->bytes).text,
				      count_text((double)why->possible_blocks).text,
				      count_text((double)why->unheld_blocks).text));
	free(name);
}

static void write_block(const struct screen *screen, const struct holders *h,
			const struct why *why, bool full)
{
	char *block = block_text(h, why, full);

	write_paragraph(
		screen,
		memory_format("%s%s, retains %s in %s",
			      why->site == HOLDER_NONE ? "" : "what retains most: ",
			      block, bytes_text((double)why->retained_bytes).text,
			      blocks_text((double)why->retained_blocks).text));
	free(block);
}

static void write_dominator(const struct screen *screen, const struct holders *h,
			    const struct why *why, bool full)
{
	char *name;

	if (why->dominator_root != HOLDER_NONE)
		name = holders_root_name(h, why->dominator_root, full);
	else if (why->dominator_address)
		name = holders_site_name(h, why->dominator_site, full);
	else
		return;
	if (why->dominator_address)
		write_paragraph(
			screen,
			memory_format("all paths to it lead through %s at 0x%llx", name,
				      (unsigned long long)why->dominator_address));
	else
		write_paragraph(screen,
				memory_format("all paths to it lead through %s", name));
	free(name);
}

static void write_step(const struct screen *screen, const struct holders *h,
		       const struct why_step *step, bool full)
{
	bool is_root = step->root != HOLDER_NONE;
	char *name = is_root ? holders_root_name(h, step->root, full)
			     : holders_site_name(h, step->site, full);
	char *more = step->blocks > 1
			     ? memory_format(" and %s more, each held by the one before",
					     count_text((double)(step->blocks - 1)).text)
			     : memory_text("");
	char *text = is_root ? memory_text(name)
			     : memory_format("+%lld → %s%s", (long long)step->offset,
					     name, more);

	fputs("  ", screen->out);
	screen_wrap(screen, text, 2, 6);
	free(name);
	free(more);
	free(text);
}

static void write_path(const struct screen *screen, const struct holders *h,
		       const struct why *why, bool full)
{
	size_t left_out = why->n_steps > MAX_STEPS ? why->n_steps - MAX_STEPS : 0;

	fprintf(screen->out, "\n%s\n",
		!why->is_held      ? "No path leads to it"
		: why->is_possible ? "The best path to it, which has a possible pointer"
				   : "The shortest path to it");
	for (size_t i = 0; i < why->n_steps; i++) {
		if (left_out && i == MAX_STEPS / 2) {
			fprintf(screen->out, "  (%zu steps)\n", left_out);
			i += left_out;
		}
		write_step(screen, h, &why->steps[i], full);
	}
}

void text_write_why(const struct screen *screen, const struct holders *holders,
		    const struct why *why, const struct text_options *options)
{
	bool full = options->full_names;

	write_snapshot(screen, holders);
	if (why->site != HOLDER_NONE)
		write_site(screen, holders, why, full);
	write_block(screen, holders, why, full);
	if (why->is_held && why->dominator_root == HOLDER_NONE && !why->dominator_address)
		fputs("no block and no root holds it alone\n", screen->out);
	else
		write_dominator(screen, holders, why, full);
	write_path(screen, holders, why, full);
}
