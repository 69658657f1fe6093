// SPDX-License-Identifier: MIT
/*
 * The format is made for diffs: a line for each fact, so a changed number or a renamed
 * function is one changed line; paragraphs are sorted by name and not by size, so a leak
 * that grows stays where it is.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/output.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/names.h"

#include "rheaper-check/baseline.h"

static const char first_word[] = "rheaper-baseline";
static const char processes_word[] = "processes";

static int compare_entries(const void *left, const void *right)
{
	const struct baseline_entry *a = left, *b = right;

	return strcmp(a->key, b->key);
}

static void sort(struct baseline_list *list)
{
	if (list->n)
		qsort(list->entries, list->n, sizeof(*list->entries), compare_entries);
}

void baseline_add(struct baseline_list *list, struct arena *arena,
		  const struct baseline_entry *entry)
{
	list->entries = arena_grow(arena, list->entries, list->n, sizeof(*entry));
	list->entries[list->n++] = *entry;
}

struct baseline_entry *baseline_find(const struct baseline_list *list, const char *key)
{
	struct baseline_entry wanted = {.key = key};

	return list->n ? bsearch(&wanted, list->entries, list->n, sizeof(wanted),
				 compare_entries)
		       : NULL;
}

/* A baseline while it is read. */
struct lines {
	struct baseline *baseline;
	struct arena *arena;
	const char *path;
	size_t number;
	struct baseline_list *list; /* of the paragraph in hand, NULL: none */
	const char *program;
	const char *functions[NAMES_MAX_FRAMES];
	size_t n_functions;
	struct baseline_entry entry;
};

static _Noreturn void die_at(const struct lines *l, const char *problem)
{
	die("read %s, line %zu: %s", l->path, l->number, problem);
}

/* What stands behind a word and a space, or NULL. */
static const char *behind(const char *line, const char *word)
{
	size_t length = strlen(word);

	return strncmp(line, word, length) == 0 && line[length] == ' ' ? line + length + 1
								       : NULL;
}

static void end_paragraph(struct lines *l)
{
	if (!l->list)
		return;
	l->entry.key = names_key(l->arena, l->program, l->functions, l->n_functions);
	baseline_add(l->list, l->arena, &l->entry);
	l->list = NULL;
}

static void begin_paragraph(struct lines *l, struct baseline_list *list,
			    const char *program)
{
	end_paragraph(l);
	l->list = list;
	l->program = arena_text(l->arena, program);
	l->n_functions = 0;
	l->entry = (struct baseline_entry){.line = l->number};
}

/* From 0, once. */
static void take_number(const struct lines *l, const char *digits, bool is_again,
			int64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoll(digits, &end, 10);
	if (digits[0] < '0' || digits[0] > '9' || *end || errno)
		die_at(l, "expected a number");
	if (is_again)
		die_at(l, "this amount appears twice");
}

static void take_amount(struct lines *l, const char *line)
{
	const char *digits = behind(line, processes_word);

	if (digits && l->list == &l->baseline->programs &&
	    l->baseline->version >= NAMES_WITH_DETAILS) {
		take_number(l, digits, l->entry.processes != 0, &l->entry.processes);
		if (l->entry.processes == 0)
			die_at(l, "a program that did not run has no entry");
		return;
	}
	for (int i = 0; i < N_AMOUNTS; i++) {
		digits = behind(line, amount_names[i]);
		if (!digits)
			continue;
		take_number(l, digits, l->entry.has[i], &l->entry.amounts[i]);
		l->entry.has[i] = true;
		return;
	}
	die_at(l, "expected an amount, or 'at' and a function");
}

static void take_fact(struct lines *l, const char *line)
{
	const char *function = behind(line, "at");

	if (!l->list)
		die_at(l, "expected 'program' or 'site' before this line");
	if (!function) {
		take_amount(l, line);
		return;
	}
	if (l->list == &l->baseline->programs)
		die_at(l, "'at' belongs to a site, not to a program");
	if (l->n_functions == NAMES_MAX_FRAMES)
		die_at(l, "the site has too many functions");
	l->functions[l->n_functions++] = arena_text(l->arena, function);
}

/* A digit, and nothing else. */
static void take_version(struct lines *l, const char *digit)
{
	if (!digit || digit[0] < '0' + NAMES_PLAIN || digit[0] > '0' + NAMES_VERSION ||
	    digit[1])
		die_at(l, "not a baseline of this version of rheaper-check; "
			  "write one with --write-baseline");
	l->baseline->version = (enum names_version)(digit[0] - '0');
}

static void take_line(struct lines *l, const char *line)
{
	const char *name;

	if (l->number == 1) {
		take_version(l, behind(line, first_word));
	} else if (line[0] == 0) {
		end_paragraph(l);
	} else if (line[0] == '\t') {
		take_fact(l, line + 1);
	} else if ((name = behind(line, "program"))) {
		begin_paragraph(l, &l->baseline->programs, name);
	} else if ((name = behind(line, "site"))) {
		begin_paragraph(l, &l->baseline->sites, name);
	} else {
		die_at(l, "expected 'program' or 'site'");
	}
}

static bool is_printable(const struct lines *l, const char *text)
{
	return strcmp(arena_printable(l->arena, text), text) == 0;
}

/* What stands behind the tabs of a function: its file, and its details. */
static void check_function(const struct lines *l, const char *function)
{
	int n = 0;

	for (const char *cell = function;; n++) {
		size_t length = strcspn(cell, "\t");

		if (n == (int)l->baseline->version)
			die_at(l, "the function has more than this version keeps of one");
		if (length == 0 && (n != 1 || !cell[length]))
			die_at(l, "expected a function, and a file or details behind the "
				  "tab");
		if (!is_printable(l, arena_text_n(l->arena, cell, length)))
			die_at(l, "the line is not printable UTF-8");
		if (!cell[length])
			return;
		cell += length + 1;
	}
}

static void check_line(const struct lines *l, const char *line, size_t length)
{
	const char *function = line[0] == '\t' ? behind(line + 1, "at") : NULL;

	if (strlen(line) != length)
		die_at(l, "the line contains a NUL byte");
	if (function && l->number > 1)
		check_function(l, function);
	else if (!is_printable(l, line + (line[0] == '\t')))
		die_at(l, "the line is not printable UTF-8");
}

static void check_unique(const struct baseline_list *list, const char *path)
{
	for (size_t i = 1; i < list->n; i++) {
		const char *key = list->entries[i].key;

		if (strcmp(list->entries[i - 1].key, key) == 0)
			die("read %s: an entry of %.*s appears twice", path,
			    (int)names_program(key), key);
	}
}

void baseline_read(struct baseline *baseline, struct arena *arena, const char *path)
{
	struct lines l = {.baseline = baseline, .arena = arena, .path = path};
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	*baseline = (struct baseline){0};
	if (!in)
		die("open %s:", path);
	while ((length = getline(&line, &size, in)) >= 0) {
		l.number++;
		if (length > 0 && line[length - 1] == '\n')
			line[--length] = 0;
		check_line(&l, line, (size_t)length);
		take_line(&l, line);
	}
	if (ferror(in))
		die("read %s:", path);
	if (l.number == 0)
		die("read %s: the file is empty", path);
	end_paragraph(&l);
	free(line);
	fclose(in);
	sort(&baseline->programs);
	sort(&baseline->sites);
	check_unique(&baseline->programs, path);
	check_unique(&baseline->sites, path);
}

static void write_entry(FILE *out, const char *what, const struct baseline_entry *entry)
{
	const char *name = entry->key + names_program(entry->key);

	fprintf(out, "\n%s %.*s\n", what, (int)names_program(entry->key), entry->key);
	if (entry->processes)
		fprintf(out, "\t%s %lld\n", processes_word, (long long)entry->processes);
	for (int i = 0; i < N_AMOUNTS; i++) {
		if (entry->has[i])
			fprintf(out, "\t%s %lld\n", amount_names[i],
				(long long)entry->amounts[i]);
	}
	while (*name) {
		size_t length = strcspn(++name, "\n");

		fprintf(out, "\tat %.*s\n", (int)length, name);
		name += length;
	}
}

void baseline_write(struct baseline *baseline, const char *path)
{
	FILE *out = output_open(path, false);

	output_share();
	sort(&baseline->programs);
	sort(&baseline->sites);
	fprintf(out, "%s %d\n", first_word, (int)baseline->version);
	for (size_t i = 0; i < baseline->programs.n; i++)
		write_entry(out, "program", &baseline->programs.entries[i]);
	for (size_t i = 0; i < baseline->sites.n; i++)
		write_entry(out, "site", &baseline->sites.entries[i]);
	output_finish();
}
