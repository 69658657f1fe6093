// SPDX-License-Identifier: MIT
/* Workflow commands of GitHub Actions: lines that show as annotations in a change. */
#include <inttypes.h>
#include <string.h>

#include "rheaper-check/locate.h"

#include "rheaper-check/report.h"

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
	const struct measure_frame *frame = locate_frame(f);

	write_command(out, "error", finding_texts[f->kind].title);
	if (frame) {
		fputs(",file=", out);
		escape(out, frame->path, "%\r\n:,");
		fprintf(out, ",line=%" PRId64, frame->line);
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

void github_write(const struct verdict *v, FILE *out)
{
	const struct measure *m = v->measure;

	for (size_t i = 0; i < v->n_findings; i++)
		write_finding(v, out, &v->findings[i]);
	for (size_t i = 0; i < m->n_problems; i++) {
		const struct measure_problem *p = &m->problems[i];

		write_command(out, verdict_minds(v, p) ? "error" : "notice", p->trace);
		write_message(out, p->why);
	}
	for (size_t i = 0; i < v->n_better; i++) {
		write_command(out, "notice", "improved");
		write_message(out, locate_better(v, &v->better[i]));
	}
	for (size_t i = 0; i < v->n_notes; i++) {
		write_command(out, "notice", "rheaper-check");
		write_message(out, v->notes[i]);
	}
}
