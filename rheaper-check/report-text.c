// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rheaper-check/arena.h"
#include "rheaper-check/findings.h"
#include "rheaper-check/locate.h"
#include "rheaper-check/names.h"

#include "rheaper-check/report.h"

/* Of each list: nobody reads more, and JSON has all. */
#define MOST_ITEMS 1000

enum style {
	STYLE_PLAIN,
	STYLE_BAD,
	STYLE_GOOD,
	STYLE_DIM
};

static void paint(FILE *out, bool colours, enum style style)
{
	static const char *const codes[] = {
		[STYLE_PLAIN] = "\033[0m",
		[STYLE_BAD] = "\033[1;31m",
		[STYLE_GOOD] = "\033[32m",
		[STYLE_DIM] = "\033[2m",
	};

	if (colours)
		fputs(codes[style], out);
}

static void write_frame(const struct verdict *v, FILE *out, bool colours,
			const struct measure_frame *frame)
{
	fprintf(out, "      %s%s", locate_name(v, frame),
		frame->inferred ? " [inferred]" : "");
	paint(out, colours, STYLE_DIM);
	if (frame->file && frame->line)
		fprintf(out, "  %s:%" PRId64, frame->path, frame->line);
	else if (frame->file)
		fprintf(out, "  %s", frame->path);
	else if (frame->module[0])
		fprintf(out, "  (%s)", frame->module);
	paint(out, colours, STYLE_PLAIN);
	putc('\n', out);
}

static void write_stack(const struct verdict *v, FILE *out, bool colours,
			const struct measure_stack *stack)
{
	size_t first;

	fprintf(out, "    %s\n", locate_chain(v, stack, &first));
	for (size_t i = first; i < stack->n_frames; i++) {
		write_frame(v, out, colours, stack->frames[i]);
		if (strcmp(stack->frames[i]->sym, "main") == 0)
			break;
	}
}

static void write_better(FILE *out, bool colours, const struct improvement *better)
{
	int program = (int)names_program(better->key);
	const char *name = better->key + program;

	paint(out, colours, STYLE_GOOD);
	fputs("improved", out);
	paint(out, colours, STYLE_PLAIN);
	fprintf(out, ": %.*s: %s\n", program, better->key, better->message);
	for (; *name; name++)
		fputs(*name == '\n'
			      ? (name > better->key + program ? "\n      " : "      ")
			      : (char[]){*name, 0},
		      out);
	if (better->key[program])
		putc('\n', out);
}

static const char *name_of(const struct verdict *v, const struct measure_problem *p)
{
	if (p->defect == DEFECT_PARTIAL)
		return "incomplete";
	if (!verdict_minds(v, p))
		return "note";
	return p->defect == DEFECT_NAMES ? "no names" : "incomplete";
}

static void write_more(FILE *out, size_t n, const char *what)
{
	if (n > MOST_ITEMS)
		fprintf(out, "%zu more %s (--report=json has all)\n", n - MOST_ITEMS,
			what);
}

static void write_problems(const struct verdict *v, FILE *out)
{
	const struct measure *m = v->measure;

	for (size_t i = 0; i < m->n_problems && i < MOST_ITEMS; i++) {
		const struct measure_problem *p = &m->problems[i];

		fprintf(out, "%s: %s (%s): %s\n", name_of(v, p), p->trace, p->program,
			p->why);
	}
	write_more(out, m->n_problems, "traces with problems");
	for (size_t i = 0; i < v->n_notes && i < MOST_ITEMS; i++)
		fprintf(out, "note: %s\n", v->notes[i]);
	write_more(out, v->n_notes, "notes");
}

/* What an inconclusive verdict hangs on, most telling first. */
static const struct {
	enum measure_defect defect;
	const char *sentence;
} doubts[] = {
	{DEFECT_NAMES, "without names nothing can be compared with a baseline, a "
		       "suppression or a rule"},
	{DEFECT_PARTIAL, "traces are incomplete; use --allow-partial to accept them"},
	{DEFECT_SAMPLE, "traces are incomplete; use --allow-partial to accept them"},
	{DEFECT_STACKS, "stacks have not all frames that a rule asks for; use "
			"--allow-partial to accept that"},
	{DEFECT_SCOPES, "scopes that a rule is for have no beginning; use "
			"--allow-partial to accept that"},
	{DEFECT_CHILDREN,
	 "forked children were left out; use --ignore-children to accept that"},
	{DEFECT_PROGRAMS, "programs of the baseline did not run as often as it has them"},
};

static bool is_in_doubt(const struct verdict *v, enum measure_defect defect)
{
	const struct measure *m = v->measure;

	for (size_t i = 0; i < m->n_problems; i++) {
		if (m->problems[i].defect == defect && verdict_minds(v, &m->problems[i]))
			return true;
	}
	return false;
}

static const char *find_doubt(const struct verdict *v)
{
	size_t i = 0;

	while (i + 1 < sizeof(doubts) / sizeof(*doubts) &&
	       !is_in_doubt(v, doubts[i].defect))
		i++;
	return doubts[i].sentence;
}

static void write_end(const struct verdict *v, FILE *out, bool colours)
{
	enum exit_code status = verdict_status(v);

	paint(out, colours, status == EXIT_FINE ? STYLE_GOOD : STYLE_BAD);
	if (status == EXIT_CANNOT)
		fprintf(out, "inconclusive: %s\n", find_doubt(v));
	fprintf(out, "%zu finding%s", v->n_findings, v->n_findings == 1 ? "" : "s");
	paint(out, colours, STYLE_PLAIN);
	fprintf(out, "; %zu call site%s leak%s", v->n_leaks, v->n_leaks == 1 ? "" : "s",
		v->n_leaks == 1 ? "s" : "");
	if (v->has_baseline)
		fprintf(out, ", %zu known, %zu improved", v->n_known, v->n_better);
	if (v->suppressed[AMOUNT_LEAK_BLOCKS])
		fprintf(out, "; suppressed: %s",
			measure_leak_text(v->arena, v->suppressed));
	fprintf(out, "; %zu process%s", v->measure->n_processes,
		v->measure->n_processes == 1 ? "" : "es");
	if (v->measure->n_runs > 1)
		fprintf(out, " in %u runs", v->measure->n_runs);
	putc('\n', out);
}

static void write_finding(const struct verdict *v, FILE *out, bool colours,
			  const struct finding *f)
{
	paint(out, colours, STYLE_BAD);
	fputs(finding_texts[f->kind].title, out);
	paint(out, colours, STYLE_PLAIN);
	fprintf(out, ": %s: %s", f->program, f->message);
	if (f->site && f->site->pid && v->measure->n_processes > 1)
		fprintf(out, " (process %" PRId64 "%s)", f->site->pid,
			f->site->has_more_processes ? " and others" : "");
	putc('\n', out);
	if (f->site)
		write_stack(v, out, colours, f->site->stack);
	if (f->n_owned)
		fprintf(out, "    lost with it:\n%s\n", locate_owned(v, f, "      "));
}

void text_write(const struct verdict *v, FILE *out)
{
	bool colours = isatty(fileno(out)) && !getenv("NO_COLOR");

	for (size_t i = 0; i < v->n_findings && i < MOST_ITEMS; i++)
		write_finding(v, out, colours, &v->findings[i]);
	if (v->n_findings > MOST_ITEMS)
		fprintf(out, "%s (--report=json has all)\n", locate_rest(v, MOST_ITEMS));
	for (size_t i = 0; i < v->n_better && i < MOST_ITEMS; i++)
		write_better(out, colours, &v->better[i]);
	write_more(out, v->n_better, "improved");
	write_problems(v, out);
	write_end(v, out, colours);
}
