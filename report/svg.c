// SPDX-License-Identifier: MIT
/*
 * Boxes hang from the top, as in the page. A box that is narrower than half a pixel is
 * not drawn, nor are those below it; of stacks that are deeper than MAX_ROWS the rest is
 * not. Both are said in the last line.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "report/calltree.h"
#include "report/markup.h"
#include "report/memory.h"
#include "report/numbers.h"

#include "report/svg.h"

#define WIDTH 1200.0
#define MARGIN 10.0
#define TOP 38.0
#define ROW 17
#define MIN_WIDTH 0.5
#define MAX_ROWS 400
#define CHARACTER 6.6 /* of 11 px monospace */

struct box {
	uint32_t node;
	size_t row;
	double x;
};

struct drawing {
	const struct report *report;
	struct calltree calltree;
	bool counts; /* blocks, not bytes */
	double scale;
	struct box *boxes;
	size_t n, n_max;
	size_t rows, left_out;
};

static const char *name_of(const struct drawing *d, uint32_t node, bool full)
{
	const struct report_function *f =
		&d->report->functions[d->calltree.tree.nodes[node].frame];

	return strings_get(&d->report->strings, full ? f->full_name : f->short_name);
}

static void push_children(struct drawing *d, struct box parent)
{
	const uint32_t *child = d->calltree.children[parent.node];
	struct box box = {.row = parent.row + 1, .x = parent.x};

	for (; *child; child++) {
		double width = d->calltree.all[*child] * d->scale;

		if (width < MIN_WIDTH || box.row > MAX_ROWS) {
			d->left_out++;
			continue;
		}
		box.node = *child;
		d->boxes = memory_grow(d->boxes, d->n, &d->n_max, sizeof(box));
		d->boxes[d->n++] = box;
		if (box.row > d->rows)
			d->rows = box.row;
		box.x += width;
	}
}

/* Place all boxes: a list that grows while it is walked. */
static void place_boxes(struct drawing *d)
{
	struct box root = {.x = MARGIN};

	d->boxes = memory_grow(NULL, 0, &d->n_max, sizeof(root));
	d->boxes[d->n++] = root;
	for (size_t i = 0; i < d->n; i++)
		push_children(d, d->boxes[i]);
}

/* The same function always has the same colour. */
static void write_colour(FILE *out, const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	fprintf(out, "hsl(%u,%u%%,%u%%)", 18 + hash % 40, 60 + (hash >> 8) % 20,
		72 + (hash >> 16) % 10);
}

/* As many characters as fit into a box. */
static void write_label(FILE *out, const char *name, double width)
{
	size_t room = (size_t)(width / CHARACTER), length = 0, n = strlen(name);

	for (size_t used = 0; length < n && used < room; used++)
		length += text_sequence(name + length, n - length);
	if (length < n) {
		char *cut = memory_format("%.*s", (int)length, name);

		markup_write(out, cut);
		fputs("..", out);
		free(cut);
		return;
	}
	markup_write(out, name);
}

static void write_box(const struct drawing *d, FILE *out, const struct box *box)
{
	double value = d->calltree.all[box->node], width = value * d->scale;
	char *name = text_printable(box->node ? name_of(d, box->node, false) : "all");
	char *full = text_printable(box->node ? name_of(d, box->node, true) : "all");

	if (!name || !full)
		memory_fail();
	fprintf(out, "<g><title>");
	markup_write(out, full);
	fprintf(out,
		": %s, %s</title><rect x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" "
		"height=\"%d\" fill=\"",
		d->counts ? blocks_text(value).text : bytes_text(value).text,
		percent_text(value, d->calltree.all[0]).text, box->x,
		TOP + (double)box->row * ROW, fmax(width - 0.3, 0.2), ROW - 1);
	write_colour(out, name);
	fputs("\"/>", out);
	if (width >= 3 * CHARACTER) {
		fprintf(out, "<text x=\"%.1f\" y=\"%.0f\">", box->x + 3,
			TOP + (double)box->row * ROW + 12);
		write_label(out, name, width - 2 * CHARACTER);
		fputs("</text>", out);
	}
	fputs("</g>\n", out);
	free(name);
	free(full);
}

static void write_head(FILE *out, double height, const char *title)
{
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" "
		"height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n"
		"<style>text{font:11px monospace;fill:#111}"
		".title{font:bold 14px sans-serif}</style>\n<title>",
		WIDTH, height, WIDTH, height);
	markup_write(out, title);
	fputs("</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
	      "<text class=\"title\" x=\"10\" y=\"22\">",
	      out);
	markup_write(out, title);
	fputs("</text>\n", out);
}

void svg_write(FILE *out, const struct report *report, enum report_value value,
	       bool callers, const char *title)
{
	struct drawing d = {.report = report,
			    .calltree = calltree_make(report, value, callers),
			    .counts = value == VALUE_BLOCKS || value == VALUE_TEMPORARY};
	double height;

	d.scale = d.calltree.all[0] > 0 ? (WIDTH - 2 * MARGIN) / d.calltree.all[0] : 0;
	place_boxes(&d);
	height = TOP + (double)(d.rows + 1) * ROW + 24;
	write_head(out, height, title);
	for (size_t i = 0; i < d.n; i++)
		write_box(&d, out, &d.boxes[i]);
	if (d.left_out)
		fprintf(out,
			"<text x=\"%.0f\" y=\"%.0f\">%zu functions in their callers are "
			"too small, or too deep, to be drawn.</text>\n",
			MARGIN, height - 8, d.left_out);
	fputs("</svg>\n", out);
	free(d.boxes);
	calltree_fini(&d.calltree);
}
