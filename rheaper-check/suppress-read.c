// SPDX-License-Identifier: MIT
/*
 * The three forms may stand in one file, for each begins in a way of its own: "leak:",
 * "{", "suppress". Of an entry for another tool of Valgrind, or another error, nothing
 * is said: files of whole projects have many.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cli.h"
#include "rheaper-check/arena.h"
#include "suppressions.h"
#include "symbols/demangle.h"

#include "rheaper-check/suppress.h"

enum place {
	OUTSIDE,
	OWN,        /* in a paragraph of ours */
	ENTRY_NAME, /* Valgrind's: expected next */
	ENTRY_TOOL,
	ENTRY_FRAMES,
	ENTRY_OTHER, /* of another tool */
};

struct lines {
	struct suppressions *all;
	struct arena *arena;
	const char *path; /* as messages name it */
	bool ours;
	size_t number;
	enum place place;
	struct suppression entry; /* that is read, */
	bool has_kinds;           /* ... and whether it has told its kinds */
};

static _Noreturn void die_at(const struct lines *l, const char *problem)
{
	die("read %s, line %zu: %s", l->path, l->number, problem);
}

/* Of two the later one would count, and may take more. */
static void take_once(const struct lines *l, bool is_there)
{
	if (is_there)
		die_at(l, "the suppression already says this");
}

static void begin(struct lines *l, enum suppress_form form, const char *reason)
{
	l->entry = (struct suppression){
		.form = form,
		.file = l->ours ? NULL : arena_printable(l->arena, l->path),
		.line = l->number,
		.reason = arena_printable(l->arena, reason),
		.kinds = LEAK_KINDS_ALL,
	};
	l->has_kinds = false;
}

/* Nothing but "...", too: Valgrind refuses that. */
static bool matches_any(const struct suppression *entry)
{
	for (size_t i = 0; i < entry->n_steps; i++) {
		if (!entry->steps[i].rest)
			return false;
	}
	return true;
}

static void end(struct lines *l)
{
	struct suppressions *all = l->all;

	if (matches_any(&l->entry))
		die_at(l, "the preceding suppression matches every leak");
	all->list = arena_grow(l->arena, all->list, all->n, sizeof(*all->list));
	all->list[all->n++] = l->entry;
	l->place = OUTSIDE;
}

static void add_step(struct lines *l, struct pattern_step step)
{
	struct suppression *e = &l->entry;

	e->steps = arena_grow(l->arena, e->steps, e->n_steps, sizeof(step));
	e->steps[e->n_steps++] = step;
}

/* What stands behind a word, or NULL. */
static const char *behind(const char *line, const char *word)
{
	size_t length = strlen(word);

	return strncmp(line, word, length) == 0 ? line + length : NULL;
}

/* LeakSanitizer's: a part of a name, unless ^ or $ say that it ends there. */
static void take_leak(struct lines *l, const char *template)
{
	size_t length = strlen(template);
	bool first = template[0] == '^', last = length > 1 && template[length - 1] == '$';

	if (length - first - last == 0 || length == 0)
		die_at(l, "the pattern is empty");
	begin(l, SUPPRESS_ANYWHERE, template);
	add_step(l, (struct pattern_step){.what = PATTERN_ANY,
					  .pattern = arena_format(
						  l->arena, "%s%.*s%s", first ? "" : "*",
						  (int)(length - first - last),
						  template + first, last ? "" : "*")});
	end(l);
}

/* Valgrind's names of functions are linkage names. */
static const char *demangled(struct lines *l, const char *pattern)
{
	char *owned = NULL;
	const char *name = pattern;

	if (strncmp(pattern, "_Z", 2) == 0 && !strpbrk(pattern, "*?"))
		name = demangle(pattern, &owned);
	name = arena_text(l->arena, name);
	free(owned);
	return name;
}

/* "parse.c" or "parse.c:12" */
static void take_source(struct lines *l, const char *words)
{
	const char *colon = strrchr(words, ':');
	struct pattern_step step = {.what = PATTERN_SOURCE};

	if (colon && colon[1] && colon[1 + strspn(colon + 1, "0123456789")] == 0)
		step.line = strtoll(colon + 1, NULL, 10);
	step.pattern = step.line ? arena_text_n(l->arena, words, (size_t)(colon - words))
				 : arena_text(l->arena, words);
	add_step(l, step);
}

/* What stands behind "fun:" or the like: an empty pattern would match a frame that has no
 * name, as each stack has one. */
static const char *behind_kind(const struct lines *l, const char *line, const char *kind)
{
	const char *name = behind(line, kind);

	if (name && !name[0])
		die_at(l, "the pattern is empty");
	return name;
}

static void take_kinds(struct lines *l, const char *words, const char *problem)
{
	take_once(l, l->has_kinds);
	if (!leak_kinds_parse(words, &l->entry.kinds))
		die_at(l, problem);
	l->has_kinds = true;
}

static void take_frame(struct lines *l, const char *line)
{
	const char *name;

	if (strcmp(line, "}") == 0) {
		end(l);
	} else if (strcmp(line, "...") == 0) {
		add_step(l, (struct pattern_step){.rest = true, .pattern = "*"});
	} else if ((name = behind_kind(l, line, "fun:"))) {
		add_step(l, (struct pattern_step){.what = PATTERN_FUNCTION,
						  .pattern = demangled(l, name)});
	} else if ((name = behind_kind(l, line, "obj:"))) {
		add_step(l, (struct pattern_step){.what = PATTERN_MODULE,
						  .pattern = arena_text(l->arena, name)});
	} else if ((name = behind_kind(l, line, "src:"))) {
		take_source(l, name);
	} else if ((name = behind(line, "match-leak-kinds:")) && !l->entry.n_steps) {
		take_kinds(l, name, "expected leak kinds after match-leak-kinds:");
	} else {
		die_at(l, "expected fun:, obj:, src:, ... or }");
	}
}

/* "Memcheck:Leak", or several tools with commas between them */
static bool is_leak_of_memcheck(const char *line)
{
	const char *colon = strchr(line, ':');

	while (colon && line < colon) {
		size_t length = strcspn(line, ",:");

		if (length == 8 && strncmp(line, "Memcheck", 8) == 0)
			return strcmp(colon, ":Leak") == 0;
		line += length + 1;
	}
	return false;
}

static void take_entry(struct lines *l, const char *line)
{
	switch (l->place) {
	case ENTRY_NAME:
		begin(l, SUPPRESS_SEQUENCE, line);
		l->place = ENTRY_TOOL;
		break;
	case ENTRY_TOOL:
		l->place = is_leak_of_memcheck(line) ? ENTRY_FRAMES : ENTRY_OTHER;
		break;
	case ENTRY_FRAMES:
		take_frame(l, line);
		break;
	default:
		if (strcmp(line, "}") == 0)
			l->place = OUTSIDE;
	}
}

static void take_program(struct lines *l, const char *name)
{
	take_once(l, l->entry.program);
	l->entry.program = arena_text(l->arena, name);
}

/* Whether a month has that day. */
static bool is_in_calendar(struct tm day)
{
	int given = day.tm_mday;

	return timegm(&day) != -1 && day.tm_mday == given;
}

static void take_until(struct lines *l, const char *date)
{
	struct tm day = {0};
	const char *behind_date = strptime(date, "%Y-%m-%d", &day);

	if (strlen(date) != 10 || !behind_date || *behind_date || !is_in_calendar(day))
		die_at(l, "expected a date, YYYY-MM-DD");
	take_once(l, l->entry.until);
	l->entry.until = arena_text(l->arena, date);
}

static void take_fact(struct lines *l, const char *line)
{
	struct pattern_step step;
	const char *words;

	if (pattern_parse(&step, l->arena, line))
		add_step(l, step);
	else if (l->entry.n_steps &&
		 pattern_refine(&l->entry.steps[l->entry.n_steps - 1], l->arena, line))
		return;
	else if ((words = behind(line, "program ")))
		take_program(l, words);
	else if ((words = behind(line, "until ")))
		take_until(l, words);
	else if ((words = behind(line, "kinds ")))
		take_kinds(l, words, "expected leak kinds, as --leak-kinds has them");
	else
		die_at(l, "expected at, in, program, kinds or until; or, behind at or "
			  "in, or "
			  "or of");
}

static void take_outside(struct lines *l, const char *line)
{
	const char *words;

	if (line[0] == 0 || line[0] == '#')
		return;
	if ((words = behind(line, "leak:"))) {
		take_leak(l, words);
	} else if (strcmp(line, "{") == 0) {
		l->place = ENTRY_NAME;
	} else if (strcmp(line, "suppress") == 0 || behind(line, "suppress ")) {
		begin(l, SUPPRESS_ALL, line + 8 + (line[8] == ' '));
		l->place = OWN;
	} else {
		die_at(l, "expected leak:PATTERN, { or suppress");
	}
}

static void take_line(struct lines *l, char *line)
{
	size_t length = strlen(line), space = strspn(line, " \t");
	bool indented = space > 0;

	while (length > space && strchr(" \t\r\n", line[length - 1]))
		line[--length] = 0;
	line += length > space ? space : length;
	if (l->place == OWN && (!indented || line[0] == 0))
		end(l);
	if (l->place == OWN)
		take_fact(l, line);
	else if (l->place == OUTSIDE)
		take_outside(l, line);
	else if (line[0] && line[0] != '#')
		take_entry(l, line);
}

static void read_lines(struct suppressions *all, FILE *in, const char *path, bool ours)
{
	struct lines l = {.all = all, .arena = all->arena, .path = path, .ours = ours};
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	while ((length = getline(&line, &size, in)) >= 0) {
		l.number++;
		if (strlen(line) != (size_t)length) /* what is behind it would be lost */
			die_at(&l, "the line contains a NUL byte");
		take_line(&l, line);
	}
	if (ferror(in))
		die("read %s:", path);
	if (l.place == OWN)
		end(&l);
	if (l.place != OUTSIDE)
		die_at(&l, "the file ends inside an entry");
	free(line);
	fclose(in);
}

void suppress_init(struct suppressions *all, struct arena *arena)
{
	*all = (struct suppressions){.arena = arena};
}

void suppress_read(struct suppressions *all, const char *path)
{
	FILE *in = fopen(path, "re");

	if (!in)
		die("open %s:", path);
	read_lines(all, in, path, false);
}

void suppress_defaults(struct suppressions *all)
{
	FILE *in =
		fmemopen((void *)suppressions_text, sizeof(suppressions_text) - 1, "r");

	if (!in)
		die("read the default suppressions:");
	read_lines(all, in, "default.supp", true);
}
