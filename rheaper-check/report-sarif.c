// SPDX-License-Identifier: MIT
/*
 * SARIF 2.1.0, an OASIS standard: for code scanning. A rule is a kind of finding. The
 * keys are the standard's, in camelCase, and so are not those of our own reports.
 *
 * GitHub refuses a file that lacks what the standard leaves open: each result has a
 * location, each rule a help text, and a run has at most 25,000 results.
 */
#include <ctype.h>
#include <string.h>

#include "common/json.h"
#include "config.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/identity.h"
#include "rheaper-check/locate.h"
#include "rheaper-check/names.h"

#include "rheaper-check/report.h"

#define MOST_RESULTS 25000
#define MOST_STACKS 1000       /* of the first results: they are most of the file */
#define MOST_RELATED 100       /* locations of a result */
#define MOST_NOTIFICATIONS 100 /* of each sort */
#define MOST_NAME 1000         /* bytes: of longer ones the short form is there */

static void key(struct json *json, const char *name)
{
	json_key_verbatim(json, name);
}

static void put(struct json *json, const char *name, const char *value)
{
	key(json, name);
	json_text(json, value);
}

/* A standard's message: an object with a text in it. */
static void put_message(struct json *json, const char *name, const char *value)
{
	key(json, name);
	json_begin_object(json);
	put(json, "text", value);
	json_end_object(json);
}

/* The same with `code`, and without. */
static void put_help(const struct verdict *v, struct json *json, const char *markdown)
{
	char *text = arena_text(v->arena, markdown), *end = text;

	for (const char *c = markdown; *c; c++) {
		if (*c != '`')
			*end++ = *c;
	}
	*end = 0;
	key(json, "help");
	json_begin_object(json);
	put(json, "text", text);
	put(json, "markdown", markdown);
	json_end_object(json);
}

static void put_rules(const struct verdict *v, struct json *json)
{
	key(json, "rules");
	json_begin_lines(json);
	for (int i = 0; i < N_FINDING_KINDS; i++) {
		const struct finding_text *text = &finding_texts[i];

		json_begin_object(json);
		put(json, "id", text->id);
		put_message(json, "shortDescription", text->meaning);
		put_message(json, "fullDescription",
			    arena_format(v->arena, "%s %s", text->meaning,
					 text->description));
		put_help(v, json, text->help);
		key(json, "defaultConfiguration");
		json_begin_object(json);
		put(json, "level", "error");
		json_end_object(json);
		json_end_object(json);
	}
	json_end_array(json);
}

/* A path as a URI: below the root of the sources, or of this machine. */
static const char *uri(const struct verdict *v, const char *path)
{
	char *made = arena_take(v->arena, 3 * strlen(path) + 8), *end = made;

	if (path[0] == '/')
		end = stpcpy(end, "file://");
	for (; *path; path++) {
		if (isalnum((unsigned char)*path) || strchr("/-._~", *path))
			*end++ = *path;
		else
			end += sprintf(end, "%%%02X", (unsigned char)*path);
	}
	return made;
}

static void put_place(const struct verdict *v, struct json *json,
		      const struct place *place)
{
	key(json, "physicalLocation");
	json_begin_object(json);
	key(json, "artifactLocation");
	json_begin_object(json);
	put(json, "uri", uri(v, place->file));
	if (place->is_below_root)
		put(json, "uriBaseId", "%SRCROOT%");
	json_end_object(json);
	if (place->line > 0) {
		key(json, "region");
		json_begin_object(json);
		key(json, "startLine");
		json_integer(json, place->line);
		json_end_object(json);
	}
	json_end_object(json);
}

static void put_function(struct json *json, const struct measure_frame *frame)
{
	key(json, "logicalLocations");
	json_begin_array(json);
	json_begin_object(json);
	put(json, "kind", "function");
	put(json, "name", frame->name);
	put(json, "fullyQualifiedName",
	    strlen(frame->sym) <= MOST_NAME ? frame->sym : frame->name);
	json_end_object(json);
	json_end_array(json);
}

/* A location: of a place, of a frame, and what is said there, or NULL. */
static void put_location(const struct verdict *v, struct json *json,
			 const struct place *place, const char *said)
{
	json_begin_object(json);
	if (said)
		put_message(json, "message", said);
	if (place->frame)
		put_function(json, place->frame);
	if (place->file)
		put_place(v, json, place);
	json_end_object(json);
}

static struct place place_of_frame(const struct measure_frame *frame)
{
	return (struct place){.file = frame->path,
			      .is_below_root = frame->is_below_root,
			      .line = frame->line,
			      .frame = frame};
}

static void put_stack(const struct verdict *v, struct json *json,
		      const struct measure_stack *stack)
{
	key(json, "stacks");
	json_begin_array(json);
	json_begin_object(json);
	put_message(json, "message", stack->function);
	key(json, "frames");
	json_begin_lines(json);
	for (size_t i = 0; i < stack->n_frames; i++) {
		struct place place = place_of_frame(stack->frames[i]);

		json_begin_object(json);
		key(json, "location");
		put_location(v, json, &place, NULL);
		put(json, "module", stack->frames[i]->module);
		json_end_object(json);
	}
	json_end_array(json);
	json_end_object(json);
	json_end_array(json);
}

/* The same for the same leak of another build. GitHub makes one of the text of the line
 * unless it is there: then a leak is new when the line is another. */
static void put_fingerprints(const struct verdict *v, struct json *json,
			     const struct finding *f)
{
	key(json, "partialFingerprints");
	json_begin_object(json);
	put(json, "primaryLocationLineHash", identity_hash(v->arena, f));
	if (f->site) {
		char *line = names_bare(v->arena, f->site->key);

		for (char *c = line; *c; c++)
			*c = *c == '\n' ? ';' : *c;
		put(json, "rheaperSite/v1", line);
	}
	json_end_object(json);
}

/* What hangs below the blocks: where that was allocated. */
static void put_owned(const struct verdict *v, struct json *json, const struct finding *f)
{
	if (!f->n_owned)
		return;
	key(json, "relatedLocations");
	json_begin_lines(json);
	for (size_t i = 0; i < f->n_owned && i < MOST_RELATED; i++) {
		const struct measure_owned *owned = &f->owned[i];
		const struct measure_frame *frame = locate_in_stack(owned->stack);
		struct place place;

		if (!frame)
			continue;
		place = place_of_frame(frame);
		put_location(v, json, &place,
			     arena_format(v->arena, "%s lost with it",
					  measure_leak_text(v->arena, owned->amounts)));
	}
	json_end_array(json);
}

static void put_result(const struct verdict *v, struct json *json,
		       const struct finding *f, bool with_stack)
{
	struct place place = locate_place(v, f);

	json_begin_object(json);
	put(json, "ruleId", finding_texts[f->kind].id);
	key(json, "ruleIndex");
	json_integer(json, (int)f->kind);
	put(json, "level", "error");
	put_message(json, "message",
		    arena_format(v->arena, "%s: %s", f->program, locate_title(v, f)));
	key(json, "locations");
	json_begin_array(json);
	put_location(v, json, &place, NULL);
	json_end_array(json);
	put_owned(v, json, f);
	if (f->site && with_stack)
		put_stack(v, json, f->site->stack);
	put_fingerprints(v, json, f);
	json_end_object(json);
}

static void put_notification(struct json *json, const char *level, const char *said)
{
	json_begin_object(json);
	put(json, "level", level);
	put_message(json, "message", said);
	json_end_object(json);
}

/* What is not a result. */
static void put_notifications(const struct verdict *v, struct json *json)
{
	const struct measure *m = v->measure;

	key(json, "toolExecutionNotifications");
	json_begin_lines(json);
	if (v->n_findings > MOST_RESULTS)
		put_notification(json, "warning", locate_rest(v, MOST_RESULTS));
	if (v->n_findings > MOST_STACKS)
		put_notification(json, "note",
				 arena_format(v->arena, "only the first %d have stacks",
					      MOST_STACKS));
	for (size_t i = 0; i < m->n_problems && i < MOST_NOTIFICATIONS; i++)
		put_notification(json,
				 verdict_minds(v, &m->problems[i]) ? "error" : "note",
				 arena_format(v->arena, "%s: %s", m->problems[i].trace,
					      m->problems[i].why));
	if (m->n_problems > MOST_NOTIFICATIONS)
		put_notification(json, "note",
				 arena_format(v->arena, "%zu more traces with problems",
					      m->n_problems - MOST_NOTIFICATIONS));
	for (size_t i = 0; i < v->n_notes && i < MOST_NOTIFICATIONS; i++)
		put_notification(json, "note", v->notes[i]);
	if (v->n_notes > MOST_NOTIFICATIONS)
		put_notification(json, "note",
				 arena_format(v->arena, "%zu more notes",
					      v->n_notes - MOST_NOTIFICATIONS));
	json_end_array(json);
}

static void put_invocation(const struct verdict *v, struct json *json)
{
	enum exit_code status = verdict_status(v);

	key(json, "invocations");
	json_begin_array(json);
	json_begin_object(json);
	key(json, "executionSuccessful");
	json_bool(json, status != EXIT_CANNOT);
	key(json, "exitCode");
	json_integer(json, (int)status);
	put_notifications(v, json);
	json_end_object(json);
	json_end_array(json);
}

static void put_tool(const struct verdict *v, struct json *json)
{
	key(json, "tool");
	json_begin_object(json);
	key(json, "driver");
	json_begin_object(json);
	put(json, "name", "rheaper-check");
	put(json, "version", RHEAPER_VERSION);
	put(json, "semanticVersion", RHEAPER_VERSION);
	put(json, "informationUri", RHEAPER_HOMEPAGE);
	put_rules(v, json);
	json_end_object(json);
	json_end_object(json);
}

void sarif_write(const struct verdict *v, FILE *out)
{
	struct json json = json_open(out);

	json_begin_object(&json);
	put(&json, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	put(&json, "version", "2.1.0");
	key(&json, "runs");
	json_begin_array(&json);
	json_begin_object(&json);
	put_tool(v, &json);
	put(&json, "columnKind", "unicodeCodePoints");
	put_invocation(v, &json);
	key(&json, "results");
	json_begin_lines(&json);
	for (size_t i = 0; i < v->n_findings && i < MOST_RESULTS; i++)
		put_result(v, &json, &v->findings[i], i < MOST_STACKS);
	json_end_array(&json);
	json_end_object(&json);
	json_end_array(&json);
	json_end_object(&json);
	putc('\n', out);
}
