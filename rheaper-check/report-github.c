// SPDX-License-Identifier: MIT
/*
 * Workflow commands of GitHub Actions: lines that show as annotations in a change. Of
 * each type GitHub shows ten for a step, and drops the others without a word. So there
 * are no more than that, and the last one counts the rest.
 */
#include <inttypes.h>
#include <string.h>

#include "rheaper-check/arena.h"
#include "rheaper-check/locate.h"

#include "rheaper-check/report.h"

#define MOST_OF_A_TYPE 10
#define MOST_DOUBTS 3 /* of the errors, beside findings */
#define ELSEWHERE " (other formats of --report have more, json all)"

/* Some characters end a value, others do in a property only. */
static void escape(FILE *out, const char *text, const char *special)
{
	for (; *text; text++) {
		if (strchr(special, *text))
			fprintf(out, "%%%02X", (unsigned char)*text);
		else
			putc(*text, out);
	}
}

static void write_command(FILE *out, const char *command, const char *title)
{
	fprintf(out, "::%s title=", command);
	escape(out, title, "%\r\n:,");
}

static void write_message(FILE *out, const char *text)
{
	fputs("::", out);
	escape(out, text, "%\r\n");
	putc('\n', out);
}

static void write_finding(const struct verdict *v, FILE *out, const struct finding *f)
{
	struct place place = locate_place(v, f);

	write_command(out, "error", finding_texts[f->kind].title);
	if (place.frame || place.is_below_root) {
		fputs(",file=", out);
		escape(out, place.file, "%\r\n:,");
		fprintf(out, ",line=%" PRId64, place.line);
	}
	fputs("::", out);
	escape(out, f->program, "%\r\n");
	fputs(": ", out);
	escape(out, f->message, "%\r\n");
	if (f->site)
		fputs("%0A", out);
	escape(out, locate_stack(v, f), "%\r\n");
	putc('\n', out);
}

static void write_line(FILE *out, const char *command, const char *title,
		       const char *message)
{
	write_command(out, command, title);
	write_message(out, message);
}

/* Of n, how many have a line of their own where there is room for that many. */
static size_t n_shown(size_t n, size_t room)
{
	return n <= room ? n : room - 1;
}

/* What makes the check inconclusive. Returns the number of lines. */
static size_t write_doubts(const struct verdict *v, FILE *out)
{
	const struct measure *m = v->measure;
	size_t n = 0, i, n_written = 0, shown;

	for (i = 0; i < m->n_problems; i++)
		n += verdict_minds(v, &m->problems[i]);
	shown = n_shown(n, v->n_findings ? MOST_DOUBTS : MOST_OF_A_TYPE);
	for (i = 0; i < m->n_problems && n_written < shown; i++) {
		if (!verdict_minds(v, &m->problems[i]))
			continue;
		write_line(out, "error", m->problems[i].trace, m->problems[i].why);
		n_written++;
	}
	if (n == shown)
		return n;
	write_line(out, "error", "incomplete traces",
		   arena_format(v->arena, "%zu more" ELSEWHERE, n - shown));
	return shown + 1;
}

static void write_findings(const struct verdict *v, FILE *out, size_t room)
{
	size_t n = n_shown(v->n_findings, room);

	for (size_t i = 0; i < n; i++)
		write_finding(v, out, &v->findings[i]);
	if (n < v->n_findings)
		write_line(out, "error", "more findings",
			   arena_format(v->arena, "%s" ELSEWHERE, locate_rest(v, n)));
}

/* Notices, while they are counted: those that find no room are not written. What is said
 * of single traces, of which there may be thousands, follows what is said of all. */
struct notices {
	FILE *out;
	size_t n, n_shown;
};

static void add_notice(struct notices *notices, const char *title, const char *message)
{
	if (notices->n++ < notices->n_shown)
		write_line(notices->out, "notice", title, message);
}

static void write_notices(const struct verdict *v, FILE *out)
{
	const struct measure *m = v->measure;
	struct notices notices = {.out = out};
	size_t n = v->n_better + v->n_notes;

	for (size_t i = 0; i < m->n_problems; i++)
		n += !verdict_minds(v, &m->problems[i]);
	notices.n_shown = n_shown(n, MOST_OF_A_TYPE);
	for (size_t i = 0; i < v->n_notes; i++)
		add_notice(&notices, "rheaper-check", v->notes[i]);
	for (size_t i = 0; i < m->n_problems; i++) {
		if (!verdict_minds(v, &m->problems[i]))
			add_notice(&notices, m->problems[i].trace, m->problems[i].why);
	}
	for (size_t i = 0; i < v->n_better && notices.n < notices.n_shown; i++)
		add_notice(&notices, "improved", locate_better(v, &v->better[i]));
	if (notices.n_shown < n)
		write_line(out, "notice", "rheaper-check",
			   arena_format(v->arena, "%zu more notes" ELSEWHERE,
					n - notices.n_shown));
}

void github_write(const struct verdict *v, FILE *out)
{
	write_findings(v, out, MOST_OF_A_TYPE - write_doubts(v, out));
	write_notices(v, out);
}
