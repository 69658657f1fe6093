/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/options.h"
#include "rheaper-cc/families.h"
#include "rheaper-cc/symbols.h"

#include "rheaper-cc/own.h"

static const char prefix[] = "--rheaper-";

static const char *take_capture(void *options, const char *what)
{
	struct own *own = options;

	if (strcmp(what, "process") == 0)
		own->capture = CAPTURE_PROCESS;
	else if (strcmp(what, "link") == 0)
		own->capture = CAPTURE_LINK;
	else
		return "expected process or link";
	return NULL;
}

static const char *take_wrap(void *options, const char *declaration)
{
	return declare(&((struct own *)options)->declared, declaration);
}

static const char *take_wrap_file(void *options, const char *path)
{
	declare_file(&((struct own *)options)->declared, path);
	return NULL;
}

static const char *take_label(void *options, const char *label)
{
	return labels_add(&((struct own *)options)->labels, label);
}

static const char *take_family(void *options, const char *name)
{
	struct own *own = options;

	if (strcmp(name, "none") == 0)
		own->no_families = true;
	else if (families_add(&own->declared, name) != 0)
		return "expected one of jemalloc, mimalloc, tcmalloc, glib-2.0, none";
	return NULL;
}

static const char *take_shared(void *options, const char *none)
{
	(void)none;
	((struct own *)options)->plugins = true;
	return NULL;
}

static const char *take_show(void *options, const char *none)
{
	(void)none;
	((struct own *)options)->action = OWN_SHOW;
	return NULL;
}

static const char *take_show_link(void *options, const char *none)
{
	(void)none;
	((struct own *)options)->action = OWN_SHOW_LINK;
	return NULL;
}

static const char *take_explain(void *options, const char *none)
{
	(void)none;
	((struct own *)options)->action = OWN_EXPLAIN;
	return NULL;
}

static const char *take_list(void *options, const char *none)
{
	(void)none;
	((struct own *)options)->action = OWN_LIST;
	return NULL;
}

static const struct option_row rows[] = {
	{.help = "What is recorded"},
	{OPTION_CALL, 0, "capture", "WHAT", .take = take_capture,
	 .help = "process: every allocation in the process (default); link: only those "
		 "that the objects in this link make"},
	{OPTION_CALL, 0, "scope", "WHAT", .take = take_capture}, /* its old name */
	{OPTION_CALL, 0, "wrap", "NAME:KIND[:ATTRIBUTE]...", .take = take_wrap,
	 .help = "also record the allocator function NAME. KIND is malloc, calloc, "
		 "realloc, memalign, free, strdup, ... or a signature such as (cZ)p; "
		 "ATTRIBUTE freed-by=NAME, frees-all-of=ARGUMENT, chunks or collected"},
	{OPTION_CALL, 0, "wrap-file", "FILE", .take = take_wrap_file,
	 .help = "read such declarations from FILE, one per line: NAME KIND "
		 "[ATTRIBUTE]..."},
	{OPTION_CALL, 0, "family", "NAME", .take = take_family,
	 .help = "also record the functions of an allocator: jemalloc, mimalloc, "
		 "tcmalloc, glib-2.0, talloc, apr-1 or gc (default: those whose library "
		 "is linked); none: "
		 "of no allocator"},
	{OPTION_CALL, 0, "shared", .take = take_shared,
	 .help = "make linked shared libraries record in any program"},
	{.help = "What the build says of itself"},
	{OPTION_CALL, 0, "label", "NAME=VALUE", .take = take_label,
	 .help = "record this in the program, which says it in each trace: version=1.2, "
		 "commit=3f1c09d"},
	{.help = "Questions (no compiler runs)"},
	{OPTION_CALL, 0, "show", .take = take_show,
	 .help = "print the command that would run"},
	{OPTION_CALL, 0, "show=link", .take = take_show_link,
	 .help = "print what to add to LDFLAGS"},
	{OPTION_CALL, 0, "explain", .take = take_explain,
	 .help = "print what the driver would do, and why; for a linked file, print how "
		 "it was instrumented and which declared functions are recorded"},
	{OPTION_CALL, 0, "list-wrapped", .take = take_list,
	 .help = "list the wrapped functions: name, group, family"},
};

static const struct option_program program = {
	.name = "rheaper-cc",
	.prefix = "rheaper-",
	.usage = "[--rheaper-OPTION]... COMPILER-ARGUMENT...",
	.about = "Run the compiler so that the programs it links can be traced. The "
		 "driver's name selects the compiler: rheaper-gcc runs gcc.",
	.notes = "Environment: RHEAPER_CC=off, RHEAPER_CC_FLAGS, RHEAPER_CC_LOG, "
		 "RHEAPER_HOME, RHEAPER_LABELS, RHEAPER_REAL_CC, RHEAPER_REAL_CXX, "
		 "RHEAPER_REAL_FC; see rheaper-cc(1).\n"
		 "\n"
		 "Exit status: that of the compiler. Without one: 2 for wrong options, "
		 "126 if the compiler cannot be run, 127 if there is none.",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(*rows),
};

static bool is_own(const char *word)
{
	return strncmp(word, prefix, strlen(prefix)) == 0;
}

/* Whether a word without its prefix is this option's; *argument is what follows "=", or
 * the next word. */
static bool matches(const struct option_row *row, const char *word, const char *next,
		    const char **argument)
{
	size_t n = row->name ? strlen(row->name) : 0;

	if (n == 0 || strncmp(word, row->name, n) != 0)
		return false;
	*argument = !row->argument    ? NULL
		    : word[n] == '='  ? word + n + 1
		    : word[n] == '\0' ? next
				      : NULL;
	return row->argument ? *argument != NULL : word[n] == '\0';
}

/* Returns whether the next word was the argument of this one. */
static bool parse_own(const char *word, const char *next, struct own *own)
{
	const char *argument, *wrong = NULL;
	const struct option_row *row;

	for (size_t i = 0; (row = options_row(&program, i)); i++) {
		if (matches(row, word + strlen(prefix), next, &argument))
			break;
	}
	if (!row)
		exit_with(2, "unknown option: %s\nTry 'rheaper-cc --rheaper-help'.",
			  word);
	if (row->kind == OPTION_HELP)
		own->action = OWN_HELP;
	else if (row->kind == OPTION_VERSION)
		own->action = OWN_VERSION;
	else
		wrong = row->take(own, argument);
	if (wrong)
		exit_with(2, "%s: %s", word, wrong);
	return argument && argument == next;
}

static void parse_variables(struct own *own)
{
	const char *off = getenv("RHEAPER_CC"), *flags = getenv("RHEAPER_CC_FLAGS");
	const char *labels = getenv("RHEAPER_LABELS");
	const char *wrong = labels_add_list(&own->labels, labels ? labels : "");
	struct words list = {0};

	if (wrong)
		exit_with(2, "RHEAPER_LABELS: %s", wrong);
	own->off = off && (strcmp(off, "off") == 0 || strcmp(off, "0") == 0);
	words_add_split(&list, flags ? flags : "");
	for (size_t i = 0; i < list.n; i++) {
		if (!is_own(list.word[i]))
			exit_with(2,
				  "RHEAPER_CC_FLAGS: expected --rheaper-* options only, "
				  "not %s",
				  list.word[i]);
		i += parse_own(list.word[i], list.word[i + 1], own);
	}
	words_fini(&list);
}

void own_parse(int argc, char **argv, struct own *own)
{
	*own = (struct own){.action = OWN_RUN};
	parse_variables(own);
	for (int i = 1; i < argc; i++) {
		if (is_own(argv[i]))
			i += parse_own(argv[i], argv[i + 1], own);
		else
			words_add(&own->user, argv[i]);
	}
}

void own_answer(enum own_action action, const struct target *target)
{
	switch (action) {
	case OWN_LIST:
		for (size_t i = 0; i < n_symbols; i++)
			printf("%s %s %s\n",
			       target && target->narrow ? symbols[i].narrow_name
							: symbols[i].name,
			       symbols[i].group_name, symbols[i].family);
		break;
	case OWN_VERSION:
		print_version(program.name);
		break;
	default:
		options_print_help(&program);
	}
}
