// SPDX-License-Identifier: MIT
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "common/json.h"
#include "report/cells.h"
#include "report/diff.h"
#include "report/facts-json.h"
#include "report/memory.h"

#include "report/diff-json.h"

static void write_side(struct json *json, const struct diff *d, enum diff_side side)
{
	json_key(json, side == SIDE_A ? "a" : "b");
	json_begin_object(json);
	facts_write_process(json, d->sides[side], 0);
	facts_write_totals(json, d->sides[side]);
	facts_write_notes(json, d->sides[side]);
	json_end_object(json);
}

/* The values of a side, as "a" or "b". */
static void write_values(struct json *json, const struct diff_values *values)
{
	for (int side = 0; side < N_SIDES; side++) {
		json_key(json, side == SIDE_A ? "a" : "b");
		json_begin_object(json);
		for (int i = 0; i < N_REPORT_VALUES; i++)
			json_put_integer(json, report_value_names[i],
					 llround(values->of[side][i]));
		json_end_object(json);
	}
}

static void write_owner(struct json *json, const struct diff *d,
			const struct diff_change *change, enum diff_side side)
{
	const struct report *r = d->sides[side];
	const struct report_site *site = &r->sites[change->site[side] - 1];
	const struct report_frame *frame = &r->frames[site->frame];
	const struct report_function *function = &r->functions[frame->function];

	json_key(json, side == SIDE_A ? "a_site" : "b_site");
	json_begin_object(json);
	json_put_integer(json, "site", site->number);
	json_put_text(json, "function", strings_get(&r->strings, function->full_name));
	json_put_text(json, "short_name", strings_get(&r->strings, function->short_name));
	json_put_text(json, "file",
		      frame->file ? strings_get(&r->strings, frame->file) : NULL);
	json_put_integer(json, "line", frame->line);
	json_put_text(json, "module_path",
		      frame->module ? r->modules[frame->module - 1].path : NULL);
	json_put_text(json, "allocated_by", strings_get(&r->strings, site->allocator));
	json_put_text(json, "chain", strings_get(&r->strings, site->chain));
	json_end_object(json);
}

static void write_change(struct json *json, const struct diff *d,
			 const struct diff_change *change, enum report_value value)
{
	json_begin_object(json);
	json_put_text(json, "status", diff_status_names[diff_status(change, value)]);
	for (int side = 0; side < N_SIDES; side++) {
		if (change->site[side])
			write_owner(json, d, change, (enum diff_side)side);
		else
			json_put_text(json, side == SIDE_A ? "a_site" : "b_site", NULL);
	}
	write_values(json, &change->values);
	if (change->variances[VALUE_BYTES] > 0) {
		json_key(json, "errors");
		json_begin_object(json);
		for (int i = 0; i < N_REPORT_VALUES; i++)
			json_put_integer(json, report_value_names[i],
					 llround(cells_error(change->variances[i])));
		json_end_object(json);
	}
	json_end_object(json);
}

static void write_nodes(struct json *json, const struct diff *d)
{
	json_key(json, "nodes");
	json_begin_lines(json);
	for (size_t i = 0; i < d->tree.n; i++) {
		const struct diff_function *f = &d->functions[d->tree.nodes[i].frame];
		const struct report *r = d->sides[f->side];
		const struct report_function *function = &r->functions[f->function];

		json_begin_object(json);
		json_put_unsigned(json, "parent", d->tree.nodes[i].parent);
		json_put_text(json, "function",
			      i ? strings_get(&r->strings, function->full_name) : NULL);
		write_values(json, &d->own[i]);
		json_end_object(json);
	}
	json_end_array(json);
}

void diff_write_json(FILE *out, const struct diff *d, enum report_value value)
{
	struct json json = json_open(out);
	size_t *order = diff_order(d, value, false);

	json_begin_object(&json);
	json_put_integer(&json, "version", 1);
	json_put_text(&json, "kind", "diff");
	json_put_text(&json, "generator", "rheaper-diff " RHEAPER_VERSION);
	json_put_text(&json, "sort", report_value_names[value]);
	write_side(&json, d, SIDE_A);
	write_side(&json, d, SIDE_B);
	json_key(&json, "changes");
	json_begin_lines(&json);
	for (size_t i = 0; i < d->n_changes; i++)
		write_change(&json, d, &d->changes[order[i]], value);
	json_end_array(&json);
	write_nodes(&json, d);
	json_end_object(&json);
	putc('\n', out);
	free(order);
}
