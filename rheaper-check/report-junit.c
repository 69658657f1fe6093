// SPDX-License-Identifier: MIT
/*
 * JUnit's XML as continuous integration reads it: a finding is a test case that fails, a
 * trace that does not tell all is one in error, a program without either is one that
 * passes.
 */
#include <string.h>

#include "rheaper-check/arena.h"
#include "rheaper-check/locate.h"

#include "rheaper-check/report.h"

/* Texts have no control characters; two code points are left that XML has not. */
static void write_xml(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strncmp(text, "\xef\xbf\xbe", 3) == 0 ||
		    strncmp(text, "\xef\xbf\xbf", 3) == 0) {
			putc('?', out);
			text += 2;
		} else if (strchr("<>&\"'", *text)) {
			fprintf(out, "&#%d;", *text);
		} else {
			putc(*text, out);
		}
	}
}

static void write_case(FILE *out, const char *program, const char *name)
{
	fputs("<testcase classname=\"", out);
	write_xml(out, program);
	fputs("\" name=\"", out);
	write_xml(out, name);
	fputs("\" time=\"0\"", out);
}

/* What is wrong with a test case; `element` is failure or error. */
static void write_bad(FILE *out, const char *element, const char *type,
		      const char *message, const char *text)
{
	fprintf(out, "><%s type=\"%s\" message=\"", element, type);
	write_xml(out, message);
	fputs("\">", out);
	write_xml(out, text);
	fprintf(out, "</%s></testcase>\n", element);
}

static void write_finding(const struct verdict *v, FILE *out, const struct finding *f)
{
	const struct measure_frame *frame = locate_frame(f);

	write_case(out, f->program,
		   arena_format(v->arena, "%s %s", finding_texts[f->kind].title,
				frame ? frame->plain : ""));
	write_bad(out, "failure", finding_texts[f->kind].id, locate_title(v, f),
		  locate_stack(v, f));
}

static void write_notes(const struct verdict *v, FILE *out)
{
	if (v->n_notes == 0)
		return;
	fputs("<system-out>", out);
	for (size_t i = 0; i < v->n_notes; i++) {
		write_xml(out, v->notes[i]);
		putc('\n', out);
	}
	fputs("</system-out>\n", out);
}

static bool is_bad(const struct verdict *v, const char *program)
{
	const struct measure *m = v->measure;

	for (size_t i = 0; i < v->n_findings; i++) {
		if (strcmp(v->findings[i].program, program) == 0)
			return true;
	}
	for (size_t i = 0; i < m->n_problems; i++) {
		if (verdict_minds(v, &m->problems[i]) &&
		    strcmp(m->problems[i].program, program) == 0)
			return true;
	}
	return false;
}

void junit_write(const struct verdict *v, FILE *out)
{
	const struct measure *m = v->measure;
	size_t n_good = 0, n_errors = 0;

	for (size_t i = 0; i < m->n_programs; i++)
		n_good += !is_bad(v, m->programs[i].name);
	for (size_t i = 0; i < m->n_problems; i++)
		n_errors += verdict_minds(v, &m->problems[i]);
	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite "
		"name=\"rheaper-check\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
		"skipped=\"0\" time=\"0\">\n",
		n_good + v->n_findings + n_errors, v->n_findings, n_errors);
	for (size_t i = 0; i < m->n_programs; i++) {
		if (is_bad(v, m->programs[i].name))
			continue;
		write_case(out, m->programs[i].name, "leaks and limits");
		fputs("/>\n", out);
	}
	for (size_t i = 0; i < v->n_findings; i++)
		write_finding(v, out, &v->findings[i]);
	for (size_t i = 0; i < m->n_problems; i++) {
		const struct measure_problem *p = &m->problems[i];

		if (!verdict_minds(v, p))
			continue;
		write_case(out, p->program, p->trace);
		write_bad(out, "error", "inconclusive", p->why, "");
	}
	write_notes(v, out);
	fputs("</testsuite>\n</testsuites>\n", out);
}
