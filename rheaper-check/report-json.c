// SPDX-License-Identifier: MIT
#include <inttypes.h>

#include "common/json.h"
#include "rheaper-check/findings.h"

#include "rheaper-check/report.h"

static const char *const verdict_names[] = {
	[EXIT_FINE] = "pass", [EXIT_FINDING] = "fail", [EXIT_CANNOT] = "inconclusive"};

/* Of a call site, what it leaks, and the rest if that was asked for. */
static void put_amounts(struct json *json, const char *name, const int64_t *amounts,
			bool is_site)
{
	json_key(json, name);
	json_begin_object(json);
	for (int i = 0; i < N_AMOUNTS; i++)
		if (!is_site || i <= AMOUNT_LEAK_BYTES || amounts[i])
			json_put_integer(json, amount_names[i], amounts[i]);
	json_end_object(json);
}

/* What is of more than one kind, and how much; in several runs the sum of all. */
static void put_kinds(struct json *json, const struct measure_site *site)
{
	json_key(json, "kinds");
	json_begin_object(json);
	for (int kind = 0; kind < N_LEAK_KINDS; kind++) {
		const int64_t *amounts = site->of_kind[kind];

		if (amounts[AMOUNT_LEAK_BLOCKS] == 0)
			continue;
		json_key(json, leak_kind_names[kind]);
		json_begin_object(json);
		for (int i = AMOUNT_LEAK_BLOCKS; i <= AMOUNT_LEAK_BYTES; i++)
			json_put_integer(json, amount_names[i], amounts[i]);
		json_end_object(json);
	}
	json_end_object(json);
}

static void put_frame(struct json *json, const struct measure_frame *f)
{
	json_begin_object(json);
	json_put_text(json, "sym", f->sym);
	json_put_text(json, "name", f->name);
	json_put_text(json, "file", f->file);
	json_put_text(json, "path", f->path);
	json_key(json, "line");
	if (f->line)
		json_integer(json, f->line);
	else
		json_null(json);
	json_put_text(json, "module", f->module);
	json_put_bool(json, "inferred", f->inferred);
	json_end_object(json);
}

static void put_stack(struct json *json, const struct measure_stack *stack)
{
	json_put_text(json, "function", stack->function);
	json_put_text(json, "chain", stack->chain);
	json_put_unsigned(json, "owner_frame_no", stack->owner);
	json_key(json, "frames");
	json_begin_lines(json);
	for (size_t i = 0; i < stack->n_frames; i++)
		put_frame(json, stack->frames[i]);
	json_end_array(json);
}

/* What hangs below lost blocks of a site. */
static void put_owned(struct json *json, const struct finding *f)
{
	put_amounts(json, "indirect", f->indirect, true);
	json_key(json, "lost_with_it");
	json_begin_lines(json);
	for (size_t i = 0; i < f->n_owned; i++) {
		json_begin_object(json);
		put_amounts(json, "now", f->owned[i].amounts, true);
		put_stack(json, f->owned[i].stack);
		json_end_object(json);
	}
	json_end_array(json);
}

static void put_site(struct json *json, const struct measure_site *site)
{
	json_put_text(json, "kind", leak_kind_names[site->kind]);
	put_kinds(json, site);
	json_put_unsigned(json, "runs", site->n_runs);
	json_put_unsigned(json, "of_runs", site->n_of_runs);
	json_put_bool(json, "flaky", site->n_runs < site->n_of_runs);
	json_put_integer(json, "pid", site->pid);
	json_put_bool(json, "more_processes", site->has_more_processes);
	put_stack(json, site->stack);
}

static void put_finding(struct json *json, const struct finding *f)
{
	json_begin_object(json);
	json_put_text(json, "finding", finding_texts[f->kind].id);
	json_put_text(json, "program", f->program);
	json_put_text(json, "message", f->message);
	put_amounts(json, "now", f->now, f->site);
	if (f->has_before)
		put_amounts(json, "before", f->before, f->site);
	if (f->site)
		put_site(json, f->site);
	if (f->site && f->kind <= FINDING_LEAK_GROWTH)
		put_owned(json, f);
	json_end_object(json);
}

static void put_problem(struct json *json, const struct measure_problem *p)
{
	static const char *const defects[] = {
		[DEFECT_NONE] = "none",         [DEFECT_CUT] = "cut",
		[DEFECT_SAMPLE] = "sample",     [DEFECT_PARTIAL] = "partial",
		[DEFECT_CHILDREN] = "children", [DEFECT_PROGRAMS] = "programs",
		[DEFECT_NAMES] = "names",       [DEFECT_STACKS] = "stacks",
		[DEFECT_SCOPES] = "scopes"};

	json_begin_object(json);
	json_put_text(json, "defect", defects[p->defect]);
	json_put_text(json, "trace", p->trace);
	json_put_text(json, "program", p->program);
	json_put_text(json, "why", p->why);
	json_end_object(json);
}

static void put_better(struct json *json, const struct improvement *better)
{
	json_begin_object(json);
	json_put_text(json, "site", better->key);
	json_put_text(json, "message", better->message);
	json_end_object(json);
}

static void put_defaults(struct json *json, const struct verdict *v)
{
	json_key(json, "suppressed_by_default");
	json_begin_lines(json);
	for (size_t i = 0; i < v->n_defaults; i++) {
		json_begin_object(json);
		json_put_text(json, "reason", v->defaults[i].reason);
		put_amounts(json, "amounts", v->defaults[i].amounts, true);
		json_end_object(json);
	}
	json_end_array(json);
}

static void put_lists(struct json *json, const struct verdict *v)
{
	json_key(json, "findings");
	json_begin_lines(json);
	for (size_t i = 0; i < v->n_findings; i++)
		put_finding(json, &v->findings[i]);
	json_end_array(json);
	json_key(json, "improved");
	json_begin_lines(json);
	for (size_t i = 0; i < v->n_better; i++)
		put_better(json, &v->better[i]);
	json_end_array(json);
	json_key(json, "problems");
	json_begin_lines(json);
	for (size_t i = 0; i < v->measure->n_problems; i++)
		put_problem(json, &v->measure->problems[i]);
	json_end_array(json);
	json_key(json, "notes");
	json_begin_lines(json);
	for (size_t i = 0; i < v->n_notes; i++)
		json_text(json, v->notes[i]);
	json_end_array(json);
}

void json_write(const struct verdict *v, FILE *out)
{
	struct json json = json_open(out);

	json_begin_object(&json);
	json_put_integer(&json, "status", (int)verdict_status(v));
	json_put_text(&json, "verdict", verdict_names[verdict_status(v)]);
	json_put_unsigned(&json, "processes", v->measure->n_processes);
	json_put_unsigned(&json, "runs", v->measure->n_runs);
	json_put_unsigned(&json, "leaking_sites", v->n_leaks);
	json_put_unsigned(&json, "known", v->n_known);
	put_amounts(&json, "suppressed", v->suppressed, false);
	put_defaults(&json, v);
	put_lists(&json, v);
	json_end_object(&json);
	putc('\n', out);
}
