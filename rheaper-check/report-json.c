// SPDX-License-Identifier: MIT
#include <inttypes.h>

#include "common/text.h"
#include "rheaper-check/findings.h"

#include "rheaper-check/report.h"

static const char *const verdict_names[] = {
	[EXIT_FINE] = "fine", [EXIT_FINDING] = "finding", [EXIT_CANNOT] = "cannot tell"};

static void text(FILE *out, const char *name, const char *value)
{
	fprintf(out, ",\"%s\":", name);
	if (value)
		text_print_json(out, value);
	else
		fputs("null", out);
}

/* Of a call site, what it leaks, and the rest if that was asked for. */
static void write_amounts(FILE *out, const char *name, const int64_t *amounts,
			  bool is_site)
{
	fprintf(out, ",\"%s\":{", name);
	for (int i = 0; i < N_AMOUNTS; i++)
		if (!is_site || i <= AMOUNT_LEAK_BYTES || amounts[i])
			fprintf(out, "%s\"%s\":%" PRId64, i ? "," : "", amount_names[i],
				amounts[i]);
	putc('}', out);
}

/* What is of more than one kind, and how much; in several runs the sum of all. */
static void write_kinds(FILE *out, const struct measure_site *site)
{
	const char *separator = "";

	fputs(",\"kinds\":{", out);
	for (int kind = 0; kind < N_LEAK_KINDS; kind++) {
		const int64_t *amounts = site->of_kind[kind];

		if (amounts[AMOUNT_LEAK_BLOCKS] == 0)
			continue;
		fprintf(out,
			"%s\"%s\":{\"leak-blocks\":%" PRId64 ",\"leak-bytes\":%" PRId64
			"}",
			separator, leak_kind_names[kind], amounts[AMOUNT_LEAK_BLOCKS],
			amounts[AMOUNT_LEAK_BYTES]);
		separator = ",";
	}
	putc('}', out);
}

static void write_site(FILE *out, const struct measure_site *site)
{
	const struct measure_stack *stack = site->stack;

	text(out, "kind", leak_kind_names[site->kind]);
	write_kinds(out, site);
	fprintf(out, ",\"runs\":%u,\"of_runs\":%u,\"flaky\":%s", site->n_runs,
		site->n_of_runs, site->n_runs < site->n_of_runs ? "true" : "false");
	text(out, "function", stack->function);
	fputs(",\"frames\":[", out);
	for (size_t i = 0; i < stack->n_frames; i++) {
		const struct measure_frame *f = stack->frames[i];

		fprintf(out, "%s\n  {\"sym\":", i ? "," : "");
		text_print_json(out, f->sym);
		text(out, "file", f->file);
		if (f->line)
			fprintf(out, ",\"line\":%" PRId64, f->line);
		else
			fputs(",\"line\":null", out);
		text(out, "module", f->module);
		putc('}', out);
	}
	putc(']', out);
}

static void write_finding(FILE *out, const struct finding *f)
{
	fputs("{\"finding\":", out);
	text_print_json(out, finding_texts[f->kind].id);
	text(out, "program", f->program);
	text(out, "message", f->message);
	write_amounts(out, "now", f->now, f->site);
	if (f->has_before)
		write_amounts(out, "before", f->before, f->site);
	if (f->site)
		write_site(out, f->site);
	putc('}', out);
}

static void write_problem(FILE *out, const struct measure_problem *p)
{
	static const char *const defects[] = {[DEFECT_NONE] = "none",
					      [DEFECT_CUT] = "cut",
					      [DEFECT_SAMPLE] = "sample",
					      [DEFECT_PARTIAL] = "partial"};

	fputs("{\"defect\":", out);
	text_print_json(out, defects[p->defect]);
	text(out, "trace", p->trace);
	text(out, "program", p->program);
	text(out, "why", p->why);
	putc('}', out);
}

void json_write(const struct verdict *v, FILE *out)
{
	const struct measure *m = v->measure;

	fprintf(out, "{\"status\":%d", verdict_status(v));
	text(out, "verdict", verdict_names[verdict_status(v)]);
	fprintf(out, ",\"processes\":%zu,\"runs\":%u,\"leaking_sites\":%zu,\"known\":%zu",
		m->n_processes, m->n_runs, v->n_leaks, v->n_known);
	write_amounts(out, "suppressed", v->suppressed, false);
	fputs(",\"findings\":[", out);
	for (size_t i = 0; i < v->n_findings; i++) {
		fputs(i ? ",\n" : "\n", out);
		write_finding(out, &v->findings[i]);
	}
	fputs("],\"better\":[", out);
	for (size_t i = 0; i < v->n_better; i++) {
		fputs(i ? ",\n{\"site\":" : "\n{\"site\":", out);
		text_print_json(out, v->better[i].key);
		text(out, "message", v->better[i].message);
		putc('}', out);
	}
	fputs("],\"problems\":[", out);
	for (size_t i = 0; i < m->n_problems; i++) {
		fputs(i ? ",\n" : "\n", out);
		write_problem(out, &m->problems[i]);
	}
	fputs("],\"notes\":[", out);
	for (size_t i = 0; i < v->n_notes; i++) {
		fputs(i ? ",\n" : "\n", out);
		text_print_json(out, v->notes[i]);
	}
	fputs("]}\n", out);
}
