// SPDX-License-Identifier: MIT
/* SARIF 2.1.0, an OASIS standard: for code scanning. A rule is a kind of finding. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "common/text.h"
#include "config.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/locate.h"

#include "rheaper-check/report.h"

static void text(FILE *out, const char *before, const char *value)
{
	fputs(before, out);
	text_print_json(out, value);
}

static void write_rules(FILE *out)
{
	for (int i = 0; i < N_FINDING_KINDS; i++) {
		text(out, i ? ",\n{\"id\":" : "\n{\"id\":", finding_texts[i].id);
		text(out, ",\"shortDescription\":{\"text\":", finding_texts[i].meaning);
		fputs("},\"defaultConfiguration\":{\"level\":\"error\"}}", out);
	}
}

/* A path as a URI: below the root of the sources, or of this machine. */
static const char *uri(const struct verdict *v, const char *path)
{
	const char *relative = locate_path(v, path);
	size_t n = strlen(relative);
	char *made = arena_take(v->arena, 3 * n + 8), *end = made;

	if (relative[0] == '/')
		end = stpcpy(end, "file://");
	for (; *relative; relative++) {
		if (isalnum((unsigned char)*relative) || strchr("/-._~", *relative))
			*end++ = *relative;
		else
			end += sprintf(end, "%%%02X", (unsigned char)*relative);
	}
	return made;
}

static void write_location(const struct verdict *v, FILE *out,
			   const struct measure_frame *frame)
{
	text(out, "{\"logicalLocations\":[{\"kind\":\"function\",\"fullyQualifiedName\":",
	     frame->sym);
	fputs("}]", out);
	if (frame->file) {
		text(out, ",\"physicalLocation\":{\"artifactLocation\":{\"uri\":",
		     uri(v, frame->file));
		if (locate_path(v, frame->file) != frame->file)
			fputs(",\"uriBaseId\":\"%SRCROOT%\"", out);
		putc('}', out);
		if (frame->line > 0)
			fprintf(out, ",\"region\":{\"startLine\":%" PRId64 "}",
				frame->line);
		putc('}', out);
	}
	putc('}', out);
}

static void write_stack(const struct verdict *v, FILE *out,
			const struct measure_stack *stack)
{
	text(out, ",\"stacks\":[{\"message\":{\"text\":", stack->function);
	fputs("},\"frames\":[", out);
	for (size_t i = 0; i < stack->n_frames; i++) {
		fputs(i ? ",\n {\"location\":" : "\n {\"location\":", out);
		write_location(v, out, stack->frames[i]);
		text(out, ",\"module\":", stack->frames[i]->module);
		putc('}', out);
	}
	fputs("]}]", out);
}

/* The same for the same leak of another build: what its key is. */
static void write_fingerprint(const struct verdict *v, FILE *out, const char *key)
{
	char *line = arena_text(v->arena, key);

	for (char *c = line; *c; c++)
		*c = *c == '\n' ? ';' : *c;
	text(out, ",\"partialFingerprints\":{\"rheaperSite/v1\":", line);
	putc('}', out);
}

static void write_result(const struct verdict *v, FILE *out, const struct finding *f)
{
	const struct measure_frame *frame = locate_frame(v, f);

	text(out, "{\"ruleId\":", finding_texts[f->kind].id);
	fprintf(out, ",\"ruleIndex\":%d,\"level\":\"error\"", (int)f->kind);
	text(out, ",\"message\":{\"text\":",
	     arena_format(v->arena, "%s: %s", f->program, locate_title(v, f)));
	putc('}', out);
	if (frame) {
		fputs(",\"locations\":[", out);
		write_location(v, out, frame);
		putc(']', out);
	}
	if (f->site) {
		write_stack(v, out, f->site->stack);
		write_fingerprint(v, out, f->site->key);
	}
	putc('}', out);
}

static void write_notification(FILE *out, bool first, const char *level, const char *said)
{
	fprintf(out, "%s{\"level\":\"%s\"", first ? "\n" : ",\n", level);
	text(out, ",\"message\":{\"text\":", said);
	fputs("}}", out);
}

static void write_invocation(const struct verdict *v, FILE *out)
{
	const struct measure *m = v->measure;
	enum exit_code status = verdict_status(v);

	fprintf(out,
		"\"invocations\":[{\"executionSuccessful\":%s,\"exitCode\":%d,"
		"\"toolExecutionNotifications\":[",
		status == EXIT_CANNOT ? "false" : "true", (int)status);
	for (size_t i = 0; i < m->n_problems; i++)
		write_notification(out, i == 0,
				   verdict_minds(v, &m->problems[i]) ? "error" : "note",
				   arena_format(v->arena, "%s: %s", m->problems[i].trace,
						m->problems[i].why));
	for (size_t i = 0; i < v->n_notes; i++)
		write_notification(out, i + m->n_problems == 0, "note", v->notes[i]);
	fputs("]}]", out);
}

void sarif_write(const struct verdict *v, FILE *out)
{
	fputs("{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\","
	      "\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{"
	      "\"name\":\"rheaper-check\",\"version\":\"" RHEAPER_VERSION
	      "\",\"rules\":[",
	      out);
	write_rules(out);
	fputs("]}},\"columnKind\":\"unicodeCodePoints\",\n", out);
	write_invocation(v, out);
	fputs(",\n\"results\":[", out);
	for (size_t i = 0; i < v->n_findings; i++) {
		fputs(i ? ",\n" : "\n", out);
		write_result(v, out, &v->findings[i]);
	}
	fputs("]}]}\n", out);
}
