// SPDX-License-Identifier: MIT
/*
 * JUnit's XML as continuous integration reads it: a finding is a test case that fails, a
 * program whose traces do not tell all has one in error, a program without either one
 * that passes. Readers follow a test case from run to run by its name, and keep one of
 * those that have the same.
 */
#include <string.h>

#include "rheaper-check/arena.h"
#include "rheaper-check/identity.h"
#include "rheaper-check/locate.h"

#include "rheaper-check/report.h"

#define MOST_FINDINGS 1000
#define MOST_PROBLEMS 100 /* of a program */

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
	write_case(out, f->program, identity_name(v->arena, f));
	write_bad(out, "failure", finding_texts[f->kind].id, locate_title(v, f),
		  locate_stack(v, f));
}

/* What is said of a trace and fails no test case: that leaks of it are not judged, for
 * one. */
static size_t count_remarks(const struct verdict *v)
{
	const struct measure *m = v->measure;
	size_t n = 0;

	for (size_t i = 0; i < m->n_problems; i++)
		n += !verdict_minds(v, &m->problems[i]);
	return n;
}

static void write_remarks(const struct verdict *v, FILE *out)
{
	const struct measure *m = v->measure;
	size_t n = 0;

	for (size_t i = 0; i < m->n_problems && n < MOST_PROBLEMS; i++) {
		const struct measure_problem *p = &m->problems[i];

		if (verdict_minds(v, p))
			continue;
		write_xml(out, arena_format(v->arena, "%s (%s): %s\n", p->trace,
					    p->program, p->why));
		n++;
	}
	if (count_remarks(v) > n)
		fprintf(out, "%zu more\n", count_remarks(v) - n);
}

static void write_notes(const struct verdict *v, FILE *out)
{
	if (v->n_notes + count_remarks(v) == 0)
		return;
	fputs("<system-out>", out);
	write_remarks(v, out);
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

/* Whether a problem is the first one of its program that matters. */
static bool is_head(const struct verdict *v, size_t problem)
{
	const struct measure_problem *problems = v->measure->problems;

	if (!verdict_minds(v, &problems[problem]))
		return false;
	for (size_t i = 0; i < problem; i++) {
		if (verdict_minds(v, &problems[i]) &&
		    strcmp(problems[i].program, problems[problem].program) == 0)
			return false;
	}
	return true;
}

/* What is wrong with the traces of a program, in one test case, for their names have
 * numbers of processes in them. */
static void write_problems(const struct verdict *v, FILE *out, size_t head)
{
	const struct measure *m = v->measure;
	const struct measure_problem *first = &m->problems[head];
	const char *text = "";
	size_t n = 0;

	for (size_t i = head; i < m->n_problems; i++) {
		const struct measure_problem *p = &m->problems[i];

		if (verdict_minds(v, p) && strcmp(p->program, first->program) == 0 &&
		    n++ < MOST_PROBLEMS)
			text = arena_format(v->arena, "%s%s: %s\n", text, p->trace,
					    p->why);
	}
	if (n > MOST_PROBLEMS)
		text = arena_format(v->arena, "%s%zu more\n", text, n - MOST_PROBLEMS);
	write_case(out, first->program, "complete traces");
	write_bad(out, "error", "inconclusive", first->why, text);
}

static void write_cases(const struct verdict *v, FILE *out, size_t n_findings)
{
	const struct measure *m = v->measure;

	for (size_t i = 0; i < m->n_programs; i++) {
		if (is_bad(v, m->programs[i].name))
			continue;
		write_case(out, m->programs[i].name, "leaks and limits");
		fputs("/>\n", out);
	}
	for (size_t i = 0; i < n_findings; i++)
		write_finding(v, out, &v->findings[i]);
	if (v->n_findings > n_findings) {
		write_case(out, "rheaper-check", "more findings");
		write_bad(out, "failure", "more", locate_rest(v, n_findings), "");
	}
	for (size_t i = 0; i < m->n_problems; i++) {
		if (is_head(v, i))
			write_problems(v, out, i);
	}
}

void junit_write(const struct verdict *v, FILE *out)
{
	const struct measure *m = v->measure;
	size_t n = v->n_findings < MOST_FINDINGS ? v->n_findings : MOST_FINDINGS;
	size_t n_failures = n + (v->n_findings > n), n_good = 0, n_errors = 0;

	for (size_t i = 0; i < m->n_programs; i++)
		n_good += !is_bad(v, m->programs[i].name);
	for (size_t i = 0; i < m->n_problems; i++)
		n_errors += is_head(v, i);
	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite "
		"name=\"rheaper-check\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
		"skipped=\"0\" time=\"0\">\n",
		n_good + n_failures + n_errors, n_failures, n_errors);
	write_cases(v, out, n);
	write_notes(v, out);
	fputs("</testsuite>\n</testsuites>\n", out);
}
