// SPDX-License-Identifier: MIT
/* A summary for a change: a table, the stacks folded away below it. */
#include <inttypes.h>
#include <string.h>

#include "rheaper-check/arena.h"
#include "rheaper-check/locate.h"

#include "rheaper-check/report.h"

/* As entities, characters mean nothing to Markdown, mention nobody and name no issue. */
static void write_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("&<>|`*_[]\\#~!$@", *text))
			fprintf(out, "&#%d;", *text);
		else
			putc(*text, out);
	}
}

static const char *place_text(const struct verdict *v, const struct finding *f)
{
	const struct measure_frame *frame = locate_frame(f);

	return frame ? arena_format(v->arena, "%s %s:%" PRId64, locate_name(v, frame),
				    frame->path, frame->line)
		     : "";
}

static void write_row(const struct verdict *v, FILE *out, const struct finding *f)
{
	const char *const cells[] = {finding_texts[f->kind].title, f->program, f->message,
				     place_text(v, f)};

	for (size_t i = 0; i < sizeof(cells) / sizeof(*cells); i++) {
		fputs("| ", out);
		write_text(out, cells[i]);
		putc(' ', out);
	}
	fputs("|\n", out);
}

static void write_stacks(const struct verdict *v, FILE *out)
{
	fputs("\n<details><summary>Stacks</summary>\n", out);
	for (size_t i = 0; i < v->n_findings; i++) {
		if (!v->findings[i].site)
			continue;
		fputs("\n<pre>\n", out);
		write_text(out, v->findings[i].program);
		fputs(": ", out);
		write_text(out, locate_title(v, &v->findings[i]));
		putc('\n', out);
		write_text(out, locate_stack(v, &v->findings[i]));
		fputs("\n</pre>\n", out);
	}
	fputs("\n</details>\n", out);
}

static void write_item(FILE *out, const char *what, const char *text)
{
	fprintf(out, "- %s: ", what);
	write_text(out, text);
	putc('\n', out);
}

static void write_list(const struct verdict *v, FILE *out)
{
	const struct measure *m = v->measure;

	if (v->n_better + m->n_problems + v->n_notes)
		putc('\n', out);
	for (size_t i = 0; i < v->n_better; i++)
		write_item(out, "improved", locate_better(v, &v->better[i]));
	for (size_t i = 0; i < m->n_problems; i++)
		write_item(out,
			   verdict_minds(v, &m->problems[i]) ? "inconclusive" : "note",
			   arena_format(v->arena, "%s: %s", m->problems[i].trace,
					m->problems[i].why));
	for (size_t i = 0; i < v->n_notes; i++)
		write_item(out, "note", v->notes[i]);
}

void markdown_write(const struct verdict *v, FILE *out)
{
	static const char *const heads[] = {
		[EXIT_FINE] = "no findings",
		[EXIT_FINDING] = "findings",
		[EXIT_CANNOT] = "inconclusive",
	};

	fprintf(out, "### rheaper-check: %s\n\n", heads[verdict_status(v)]);
	fprintf(out, "%zu findings, %zu call sites leak", v->n_findings, v->n_leaks);
	if (v->has_baseline)
		fprintf(out, ", %zu of them known", v->n_known);
	fprintf(out, "; %zu process%s\n", v->measure->n_processes,
		v->measure->n_processes == 1 ? "" : "es");
	if (v->n_findings) {
		fputs("\n| finding | program | what | where |\n|---|---|---|---|\n", out);
		for (size_t i = 0; i < v->n_findings; i++)
			write_row(v, out, &v->findings[i]);
		write_stacks(v, out);
	}
	write_list(v, out);
}
