// SPDX-License-Identifier: MIT
/*
 * A summary for a change: a table, the stacks folded away below it. GitHub shows none of
 * more than 1 MiB, whose bytes are those of the entities, too. So each part has its share
 * of that, and says what found no room.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/locate.h"

#include "rheaper-check/report.h"

#define MOST_FINDINGS 100
#define ROOM_FOR_ROWS ((size_t)256 << 10)
#define ROOM_FOR_STACKS ((size_t)512 << 10)
#define ROOM_FOR_LIST ((size_t)192 << 10)

/* A part of the report: each piece is made in memory first, and is written if it fits. */
struct part {
	FILE *out, *piece;
	char *text;
	size_t size, room;
};

static FILE *begin_piece(struct part *part)
{
	part->piece = open_memstream(&part->text, &part->size);
	if (!part->piece)
		die("write the report: out of memory");
	return part->piece;
}

static bool end_piece(struct part *part)
{
	bool fits;

	if (fclose(part->piece))
		die("write the report: out of memory");
	fits = part->size <= part->room;
	if (fits) {
		fwrite(part->text, 1, part->size, part->out);
		part->room -= part->size;
	}
	free(part->text);
	return fits;
}

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

/* Returns how many findings are in the table. */
static size_t write_rows(const struct verdict *v, FILE *out)
{
	struct part part = {.out = out, .room = ROOM_FOR_ROWS};
	size_t i = 0;

	fputs("\n| finding | program | what | where |\n|---|---|---|---|\n", out);
	for (bool fits = true; fits && i < v->n_findings && i < MOST_FINDINGS;
	     i += fits) {
		write_row(v, begin_piece(&part), &v->findings[i]);
		fits = end_piece(&part);
	}
	if (i < v->n_findings)
		fprintf(out, "\n%s (--report=json has all)\n", locate_rest(v, i));
	return i;
}

static void write_stack(const struct verdict *v, FILE *out, const struct finding *f)
{
	fputs("\n<pre>\n", out);
	write_text(out, f->program);
	fputs(": ", out);
	write_text(out, locate_title(v, f));
	putc('\n', out);
	write_text(out, locate_stack(v, f));
	fputs("\n</pre>\n", out);
}

/* Of the first n findings. */
static void write_stacks(const struct verdict *v, FILE *out, size_t n)
{
	struct part part = {.out = out, .room = ROOM_FOR_STACKS};
	size_t n_left_out = 0;

	fputs("\n<details><summary>Stacks</summary>\n", out);
	for (size_t i = 0; i < n; i++) {
		if (!v->findings[i].site)
			continue;
		write_stack(v, begin_piece(&part), &v->findings[i]);
		n_left_out += !end_piece(&part);
	}
	if (n_left_out)
		fprintf(out, "\n%zu more stacks (--report=json has all)\n", n_left_out);
	fputs("\n</details>\n", out);
}

/* Returns whether the item found room. */
static bool write_item(struct part *part, const char *what, const char *text)
{
	FILE *out = begin_piece(part);

	fprintf(out, "- %s: ", what);
	write_text(out, text);
	putc('\n', out);
	return end_piece(part);
}

static void write_list(const struct verdict *v, FILE *out)
{
	const struct measure *m = v->measure;
	struct part part = {.out = out, .room = ROOM_FOR_LIST};
	size_t n_left_out = 0;

	if (v->n_better + m->n_problems + v->n_notes)
		putc('\n', out);
	for (size_t i = 0; i < m->n_problems; i++)
		n_left_out += !write_item(
			&part,
			verdict_minds(v, &m->problems[i]) ? "inconclusive" : "note",
			arena_format(v->arena, "%s: %s", m->problems[i].trace,
				     m->problems[i].why));
	for (size_t i = 0; i < v->n_notes; i++)
		n_left_out += !write_item(&part, "note", v->notes[i]);
	for (size_t i = 0; i < v->n_better; i++)
		n_left_out +=
			!write_item(&part, "improved", locate_better(v, &v->better[i]));
	if (n_left_out)
		fprintf(out, "- %zu more (--report=json has all)\n", n_left_out);
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
	if (v->n_findings)
		write_stacks(v, out, write_rows(v, out));
	write_list(v, out);
}
