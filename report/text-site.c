// SPDX-License-Identifier: MIT
/* All about one call site: its totals, when, sizes, lifetimes, stacks, who frees. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/cells.h"
#include "report/memory.h"
#include "report/numbers.h"

#include "report/text-parts.h"

#define N_CLASSES 65
#define SPARK_COLUMNS 40
#define BAR_COLUMNS 20

static const struct report_site *find_site(const struct report *report,
					   const char *handle, size_t *index)
{
	const char *digits = handle + (handle[0] == 's');
	char *end;
	long long number = strtoll(digits, &end, 10);

	for (size_t i = 0; i < report->n_sites && *digits && !*end; i++) {
		if (report->sites[i].number != number)
			continue;
		*index = i;
		return &report->sites[i];
	}
	return NULL;
}

static void write_totals(const struct text *t, const struct report_site *site)
{
	static const struct {
		const char *what;
		enum report_value blocks, bytes;
	} rows[] = {
		{"allocated", VALUE_BLOCKS, VALUE_BYTES},
		{"live at the peak", VALUE_PEAK_BLOCKS, VALUE_PEAK_BYTES},
		{"not freed", VALUE_LIVE_BLOCKS, VALUE_LIVE_BYTES},
	};
	FILE *out = t->screen->out;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		fprintf(out, "  %-18s %9s in %s\n", rows[i].what,
			bytes_text(site->values[rows[i].bytes]).text,
			blocks_text(site->values[rows[i].blocks]).text);
	if (!t->report->has_window)
		fprintf(out, "  %-18s %9s\n", "temporary",
			blocks_text(site->values[VALUE_TEMPORARY]).text);
}

static void write_series(const struct text *t, size_t index)
{
	double *series;

	if (!t->screen->blocks)
		return;
	series = cells_series(t->report, index);
	fputs("  live               ", t->screen->out);
	screen_spark(t->screen, series, t->report->edges.n, SPARK_COLUMNS);
	putc('\n', t->screen->out);
	free(series);
}

/* What class `i` of a size or lifetime begins with. */
static double class_begin(size_t i)
{
	double begin = 0;

	for (size_t k = 1; k <= i; k++)
		begin = k == 1 ? 1 : begin * 2;
	return begin;
}

static void write_class(const struct text *t, char *name, double blocks, double most)
{
	fprintf(t->screen->out, "  %-18s %11s  ", name, count_text(blocks).text);
	if (t->screen->blocks)
		screen_bar(t->screen, most > 0 ? blocks / most : 0, BAR_COLUMNS);
	putc('\n', t->screen->out);
	free(name);
}

static char *size_name(size_t i)
{
	if (i == 0)
		return memory_text("0 B");
	return memory_format("from %s", bytes_text(class_begin(i)).text);
}

static char *lifetime_name(size_t i)
{
	if (i == 0)
		return memory_text("never freed");
	if (i == 1)
		return memory_text("below 2 us");
	return memory_format("from %s", time_text((int64_t)(class_begin(i) * 1e3)).text);
}

static void write_classes(const struct text *t, const char *heading,
			  const double classes[N_CLASSES], char *(*name)(size_t i))
{
	double most = 0;

	for (size_t i = 0; i < N_CLASSES; i++)
		most = classes[i] > most ? classes[i] : most;
	text_heading(t, "%s", heading);
	for (size_t i = 0; i < N_CLASSES; i++) {
		if (classes[i] > 0)
			write_class(t, name(i), classes[i], most);
	}
}

static void write_heat(const struct text *t, size_t index)
{
	const struct sums *heat = &t->report->heat;
	double sizes[N_CLASSES] = {0}, lifetimes[N_CLASSES] = {0};

	for (size_t i = 0; i < heat->n; i++) {
		uint64_t key = heat->slots[i].key;

		if (key >> 16 != index)
			continue;
		sizes[(key >> 8 & 0xff) % N_CLASSES] += heat->slots[i].blocks;
		lifetimes[(key & 0xff) % N_CLASSES] += heat->slots[i].blocks;
	}
	write_classes(t, "Sizes", sizes, size_name);
	write_classes(t, "Lifetimes", lifetimes, lifetime_name);
}

static void put_place(const struct text *t, const char *before, const char *place)
{
	fputs(before, t->screen->out);
	screen_put(t->screen, place);
	putc('\n', t->screen->out);
}

static void write_stack(const struct text *t, uint32_t node, double bytes, double all)
{
	const struct nodes *tree = &t->report->tree;

	fprintf(t->screen->out, "  %s, %s\n", bytes_text(bytes).text,
		percent_text(bytes, all).text);
	for (; node; node = tree->nodes[node].parent) {
		const struct report_frame *frame =
			&t->report->frames[tree->nodes[node].frame];
		char *place = text_place(t, tree->nodes[node].frame);

		if (!(frame->flags & FRAME_STARTUP))
			put_place(t, "    ", place);
		free(place);
	}
}

struct node_bytes {
	uint32_t node;
	double bytes;
};

static int compare_bytes(const void *left, const void *right)
{
	const struct node_bytes *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return (a->node > b->node) - (a->node < b->node);
}

/* Its stacks by the bytes that they allocated. */
static void write_stacks(const struct text *t, size_t index)
{
	const struct report *r = t->report;
	double *bytes = memory_new(r->tree.n, sizeof(*bytes)), all = 0;
	struct node_bytes *nodes = NULL;
	size_t n = 0, n_max = 0;

	for (size_t i = 0; i < r->cube.n; i++)
		bytes[cube_node(r->cube.slots[i].key)] += r->cube.slots[i].bytes;
	for (uint32_t i = 0; i < r->tree.n; i++) {
		if (r->tree.nodes[i].site != index + 1 || bytes[i] <= 0)
			continue;
		nodes = memory_grow(nodes, n, &n_max, sizeof(*nodes));
		nodes[n++] = (struct node_bytes){i, bytes[i]};
		all += bytes[i];
	}
	if (n)
		qsort(nodes, n, sizeof(*nodes), compare_bytes);
	text_heading(t, "Stacks: %zu", n);
	for (size_t i = 0; i < n && i < t->options->top; i++)
		write_stack(t, nodes[i].node, nodes[i].bytes, all);
	if (n > t->options->top)
		fprintf(t->screen->out, "  (%zu more stacks; --top N shows more)\n",
			n - t->options->top);
	free(nodes);
	free(bytes);
}

static void write_frees(const struct text *t, size_t index)
{
	const struct report *r = t->report;
	bool any = false;

	for (size_t i = 0; i < r->n_frees; i++) {
		const struct report_free *f = &r->frees[i];
		char *place;

		if (f->site != index)
			continue;
		if (!any)
			text_heading(t, "Freed by");
		any = true;
		place = f->frame ? text_place(t, f->frame - 1) : memory_text("(unknown)");
		fprintf(t->screen->out, "  %11s blocks, %9s  ",
			count_text(f->blocks).text, bytes_text(f->bytes).text);
		put_place(t, f->mismatched > 0 ? "(another family of allocators) " : "",
			  place);
		free(place);
	}
}

bool text_write_site(const struct screen *screen, const struct report *report,
		     const struct text_options *options, const char *handle)
{
	const struct text t = {screen, report, options};
	const struct report_site *site;
	size_t index = 0;
	char *place;

	site = find_site(report, handle, &index);
	if (!site)
		return false;
	place = text_place(&t, site->frame);
	text_heading(&t, "s%lld  %s", (long long)site->number, place);
	free(place);
	fprintf(screen->out, "  %-18s ", "calls");
	put_place(&t, "", strings_get(&report->strings, site->chain));
	write_totals(&t, site);
	write_series(&t, index);
	write_heat(&t, index);
	write_frees(&t, index);
	write_stacks(&t, index);
	return true;
}
