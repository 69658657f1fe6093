/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

#include "rheaper-cc/families.h"
#include "rheaper-cc/own.h"
#include "rheaper-cc/symbols.h"

static const char help[] =
	"usage: rheaper-cc [--rheaper-WORD...] COMPILER-ARGUMENT...\n"
	"\n"
	"Runs the compiler (by the driver's name: cc, c++, gcc, clang, gfortran, ...)\n"
	"so that the programs it links can be traced with RHEAPER_TRACE=PATH.\n"
	"\n"
	"  --rheaper-scope=process  record every allocation of the process (default)\n"
	"  --rheaper-scope=link     record those of the objects in this link\n"
	"  --rheaper-wrap=NAME:KIND[:freed-by=NAME]\n"
	"                           record NAME too, an allocator function; KIND: "
	"malloc,\n"
	"                           calloc, realloc, memalign, free, strdup, ... or a\n"
	"                           signature such as (cZ)p\n"
	"  --rheaper-wrap-file=FILE the same, one on a line: NAME KIND [freed-by=NAME]\n"
	"  --rheaper-family=NAME    record the functions of jemalloc, mimalloc, tcmalloc "
	"or\n"
	"                           glib-2.0; done by itself where their library is\n"
	"                           linked, unless NAME is none\n"
	"  --rheaper-shared         let shared libraries record in any program\n"
	"  --rheaper-show           print the command that would run; run nothing\n"
	"  --rheaper-show=link      print what to add to LDFLAGS; run nothing\n"
	"  --rheaper-explain        say what was decided and why; run nothing. Of a "
	"file\n"
	"                           that is linked: how it was instrumented, and which\n"
	"                           of the declared functions are recorded\n"
	"  --rheaper-list-wrapped   list the wrapped functions: name, group, family\n"
	"  --rheaper-help, --rheaper-version\n"
	"\n"
	"Environment: RHEAPER_CC=off, RHEAPER_CC_FLAGS, RHEAPER_CC_LOG, RHEAPER_HOME,\n"
	"RHEAPER_REAL_CC, RHEAPER_REAL_CXX, RHEAPER_REAL_FC; see rheaper-cc(1).\n";

static const struct {
	const char *name;
	enum own_action action;
} actions[] = {
	{"show", OWN_SHOW},       {"show=link", OWN_SHOW_LINK},
	{"explain", OWN_EXPLAIN}, {"list-wrapped", OWN_LIST},
	{"help", OWN_HELP},       {"version", OWN_VERSION},
};

static const char prefix[] = "--rheaper-";

static int is_own(const char *word)
{
	return strncmp(word, prefix, strlen(prefix)) == 0;
}

/* The value of an own word, or NULL if this is another. */
static const char *value_of(const char *name, const char *option)
{
	size_t n = strlen(option);

	return strncmp(name, option, n) == 0 ? name + n : NULL;
}

static const char *parse_family(const char *name, struct own *own)
{
	if (strcmp(name, "none") == 0) {
		own->no_families = 1;
		return NULL;
	}
	return families_add(&own->declared, name) == 0
		       ? NULL
		       : "the allocators known are jemalloc, mimalloc, tcmalloc, "
			 "glib-2.0";
}

static void parse_own(const char *word, struct own *own)
{
	const char *name = word + strlen(prefix), *wrong = NULL;

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(name, actions[i].name) == 0) {
			own->action = actions[i].action;
			return;
		}
	}
	if (strcmp(name, "scope=process") == 0)
		own->scope = SCOPE_PROCESS;
	else if (strcmp(name, "scope=link") == 0)
		own->scope = SCOPE_LINK;
	else if (strcmp(name, "shared") == 0)
		own->plugins = 1;
	else if (value_of(name, "family="))
		wrong = parse_family(value_of(name, "family="), own);
	else if (value_of(name, "wrap="))
		wrong = declare(&own->declared, value_of(name, "wrap="));
	else if (value_of(name, "wrap-file="))
		declare_file(&own->declared, value_of(name, "wrap-file="));
	else
		exit_with(2, "no such option: %s (try --rheaper-help)", word);
	if (wrong)
		exit_with(2, "%s: %s", word, wrong);
}

static void parse_variable(struct own *own)
{
	const char *off = getenv("RHEAPER_CC"), *flags = getenv("RHEAPER_CC_FLAGS");
	struct words list = {0};

	own->off = off && (strcmp(off, "off") == 0 || strcmp(off, "0") == 0);
	words_add_split(&list, flags ? flags : "");
	for (size_t i = 0; i < list.n; i++) {
		if (!is_own(list.word[i]))
			exit_with(2,
				  "RHEAPER_CC_FLAGS holds only --rheaper-* words, not %s",
				  list.word[i]);
		parse_own(list.word[i], own);
	}
	words_fini(&list);
}

void own_parse(int argc, char **argv, struct own *own)
{
	*own = (struct own){.action = OWN_RUN};
	parse_variable(own);
	for (int i = 1; i < argc; i++) {
		if (is_own(argv[i]))
			parse_own(argv[i], own);
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
		puts("rheaper-cc " RHEAPER_VERSION);
		break;
	default:
		fputs(help, stdout);
	}
}
