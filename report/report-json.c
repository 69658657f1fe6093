// SPDX-License-Identifier: MIT
#include "config.h"

#include <stdlib.h>

#include "common/json.h"
#include "report/numbers.h"
#include "report/cells.h"
#include "report/facts-json.h"
#include "report/memory.h"

#include "report/report-json.h"

static const char *text_or_null(const struct report *r, uint32_t text)
{
	return text ? strings_get(&r->strings, text) : NULL;
}

static void write_frames(struct json *json, const struct report *r)
{
	json_key(json, "frames");
	json_begin_lines(json);
	for (size_t i = 0; i < r->n_frames; i++) {
		const struct report_frame *f = &r->frames[i];
		const struct report_function *function = &r->functions[f->function];

		json_begin_object(json);
		json_put_text(json, "function",
			      strings_get(&r->strings, function->full_name));
		json_put_text(json, "short_name",
			      strings_get(&r->strings, function->short_name));
		json_put_text(json, "file", text_or_null(r, f->file));
		json_put_integer(json, "line", f->line);
		json_put_text(json, "module_path",
			      f->module ? r->modules[f->module - 1].path : NULL);
		json_put_bool(json, "inlined", f->flags & FRAME_INLINED);
		json_put_bool(json, "inferred", f->flags & FRAME_INFERRED);
		json_put_bool(json, "skipped", f->flags & FRAME_SKIPPED);
		json_end_object(json);
	}
	json_end_array(json);
}

/* Of estimates: half the width of the intervals of 95 %. */
static void write_errors(struct json *json, const struct report *r,
			 const double variances[N_REPORT_VALUES])
{
	if (!r->is_estimate)
		return;
	json_key(json, "errors");
	json_begin_object(json);
	for (int value = 0; value < VALUE_TEMPORARY; value++)
		json_put_integer(json, report_value_names[value],
				 number_round(cells_error(variances[value])));
	json_end_object(json);
}

static void write_sites(struct json *json, const struct report *r)
{
	json_key(json, "sites");
	json_begin_lines(json);
	for (size_t i = 0; i < r->n_sites; i++) {
		const struct report_site *s = &r->sites[i];

		json_begin_object(json);
		json_put_integer(json, "site", s->number);
		json_put_unsigned(json, "frame", s->frame);
		json_put_text(json, "allocated_by",
			      strings_get(&r->strings, s->allocator));
		json_put_text(json, "chain", strings_get(&r->strings, s->chain));
		json_put_unsigned(json, "stacks", s->stacks);
		for (int value = 0; value < N_REPORT_VALUES; value++)
			json_put_integer(json, report_value_names[value],
					 number_round(s->values[value]));
		write_errors(json, r, s->variances);
		json_end_object(json);
	}
	json_end_array(json);
}

static void write_leaks(struct json *json, const struct report *r)
{
	json_key(json, "leaks");
	json_begin_lines(json);
	for (size_t i = 0; i < r->n_leaks; i++) {
		const struct report_leak *l = &r->leaks[i];

		json_begin_object(json);
		json_put_integer(json, "site", r->sites[l->site].number);
		json_put_text(json, "leak_kind", leak_kind_names[l->kind]);
		json_put_integer(json, "blocks", number_round(l->blocks));
		json_put_integer(json, "bytes", number_round(l->bytes));
		json_put_integer(json, "indirect_blocks",
				 number_round(l->indirect_blocks));
		json_put_integer(json, "indirect_bytes", number_round(l->indirect_bytes));
		json_put_real(json, "first_ms", (double)l->first_ns / 1e6, 6);
		json_put_real(json, "last_ms", (double)l->last_ns / 1e6, 6);
		json_end_object(json);
	}
	json_end_array(json);
}

static void write_frees(struct json *json, const struct report *r)
{
	json_key(json, "frees");
	json_begin_lines(json);
	for (size_t i = 0; i < r->n_frees; i++) {
		const struct report_free *f = &r->frees[i];

		json_begin_object(json);
		json_put_integer(json, "site", r->sites[f->site].number);
		json_key(json, "free_frame");
		if (f->frame)
			json_unsigned(json, f->frame - 1);
		else
			json_null(json);
		json_put_integer(json, "blocks", number_round(f->blocks));
		json_put_integer(json, "bytes", number_round(f->bytes));
		json_put_integer(json, "crossed_blocks", number_round(f->crossed));
		json_put_integer(json, "mismatched_blocks", number_round(f->mismatched));
		json_end_object(json);
	}
	json_end_array(json);
}

static void write_growths(struct json *json, const struct report *r)
{
	json_key(json, "reallocs");
	json_begin_lines(json);
	for (size_t i = 0; i < r->n_growths; i++) {
		const struct report_growth *g = &r->growths[i];

		json_begin_object(json);
		json_put_integer(json, "site", r->sites[g->site].number);
		json_put_integer(json, "chains", number_round(g->chains));
		json_put_integer(json, "reallocs", number_round(g->reallocs));
		json_put_integer(json, "moves", number_round(g->moves));
		json_put_integer(json, "copied_bytes", number_round(g->copied_bytes));
		json_put_integer(json, "final_p50", g->p50);
		json_put_integer(json, "final_p95", g->p95);
		json_put_integer(json, "final_max", g->largest);
		json_end_object(json);
	}
	json_end_array(json);
}

/* Values of the stacks that end at each node. */
static void write_nodes(struct json *json, const struct report *r)
{
	double(*values)[N_REPORT_VALUES] = memory_new(r->tree.n, sizeof(*values));

	for (size_t i = 0; i < r->cube.n; i++)
		cells_add(r, &r->cube.slots[i], values[cube_node(r->cube.slots[i].key)]);
	for (size_t i = 0; i < r->temporaries.n; i++)
		values[r->temporaries.slots[i].key][VALUE_TEMPORARY] +=
			r->temporaries.slots[i].blocks;
	json_key(json, "nodes");
	json_begin_lines(json);
	for (size_t i = 0; i < r->tree.n; i++) {
		json_begin_object(json);
		json_put_unsigned(json, "parent", r->tree.nodes[i].parent);
		json_put_unsigned(json, "frame", r->tree.nodes[i].frame);
		for (int value = 0; value < N_REPORT_VALUES; value++) {
			if (values[i][value] > 0)
				json_put_integer(json, report_value_names[value],
						 number_round(values[i][value]));
		}
		json_end_object(json);
	}
	json_end_array(json);
	free(values);
}

static void write_timeline(struct json *json, const struct report *r)
{
	json_key(json, "timeline");
	json_begin_lines(json);
	for (size_t i = 0; i < r->n_timeline; i++) {
		const struct overview_point *p = &r->timeline[i];

		json_begin_object(json);
		json_put_real(json, "at_ms", p->at_ms, 6);
		json_put_integer(json, "low_bytes", p->low_bytes);
		json_put_integer(json, "high_bytes", p->peak_bytes);
		json_put_integer(json, "live_bytes", p->live_bytes);
		json_put_integer(json, "live_blocks", p->live_blocks);
		json_put_integer(json, "allocations", p->allocations);
		json_put_integer(json, "allocated_bytes", p->allocated_bytes);
		json_end_object(json);
	}
	json_end_array(json);
}

void report_write_json(FILE *out, const struct report *r)
{
	struct json json = json_open(out);

	json_begin_object(&json);
	json_put_integer(&json, "version", 1);
	json_put_text(&json, "kind", "report");
	json_put_text(&json, "generator", "rheaper-report " RHEAPER_VERSION);
	facts_write_process(&json, r, 0);
	facts_write_totals(&json, r);
	write_errors(&json, r, r->variances);
	facts_write_times(&json, r);
	facts_write_scopes(&json, r);
	facts_write_threads(&json, r);
	facts_write_notes(&json, r);
	facts_write_settings(&json, r);
	write_timeline(&json, r);
	write_sites(&json, r);
	write_leaks(&json, r);
	write_frees(&json, r);
	write_growths(&json, r);
	write_frames(&json, r);
	write_nodes(&json, r);
	json_end_object(&json);
	putc('\n', out);
}
