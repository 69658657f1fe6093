/* SPDX-License-Identifier: MIT */
/*
 * A command is judged in two steps. The walk turns every word into an effect
 * and collects effects as a set of bits; the rules below are then tried in
 * order, and the first whose bit is set decides. Whatever is in doubt is left
 * alone: a program without a profile is better than a broken build.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/path.h"
#include "rheaper-cc/cmdline.h"
#include "rheaper-cc/options.h"

#define BIT(effect) (UINT64_C(1) << (effect))

/* What the walk remembers. */
struct walk {
	uint64_t seen;                   /* BIT(effect) */
	uint64_t sanitizers;             /* bits of sanitizers[] in force */
	const char *language;            /* -x in force, NULL: by file name */
	const struct option *ld_pending; /* linker option that waits for its value */
	const char *target;
	enum width width;
	struct cmdline *c;
};

static const struct rule {
	enum effect effect;
	enum cmd_kind kind;
	const char *reason;
} rules[] = {
	{INNER, CMD_QUERY, "an inner stage of the compiler"},
	{FILES, CMD_QUERY, "file names after --"},
	{QUERY, CMD_QUERY, "a question to the compiler"},
	{NO_INPUT, CMD_QUERY, "no input files"},
	{NO_CODE, CMD_PREPROCESS, "preprocesses or checks only"},
	{HEADERS, CMD_COMPILE, "a precompiled header"},
	{STOP, CMD_COMPILE, "stops before the link"},
	{UNSURE, CMD_OTHER, "an input or option of unclear meaning"},
	{PARTIAL, CMD_PARTIAL, "the final link adds what is needed"},
	{SHARED, CMD_SHARED, "the executable that loads it sees its allocations"},
	{FREESTANDING, CMD_OTHER, "a freestanding program"},
	{NOSTART, CMD_OTHER, "-nostartfiles: its own start-up code"},
	{NOLIBC, CMD_OTHER, "-nostdlib without -lc"},
	{SCRIPT, CMD_OTHER, "its own linker script"},
	{IMAGE, CMD_OTHER, "raw data among inputs or output"},
	{SANITIZER, CMD_OTHER, "a sanitizer with an allocator of its own"},
	{FOREIGN, CMD_OTHER, "for a target that rheaper does not know"},
	{PLUGIN, CMD_PLUGIN, "links a shared library with --rheaper-shared"},
	{STATIC, CMD_STATIC, "links an executable with -static"},
};

static const char *const sanitizers[] = {
	"address",
	"hwaddress",
	"memory",
	"thread",
	"leak",
	"scudo",
	"dataflow",
	"kernel-address",
	"kernel-hwaddress",
	"kernel-memory",
	"fuzzer",
	"fuzzer-no-link",
	"pointer-compare",
	"pointer-subtract",
};

#define N_SANITIZERS (sizeof(sanitizers) / sizeof(sanitizers[0]))

/* The bits of a comma list of sanitizers. */
static uint64_t sanitizer_bits(const char *list)
{
	uint64_t bits = 0;

	while (*list) {
		size_t length = strcspn(list, ",");

		if (length == 3 && strncmp(list, "all", 3) == 0)
			return UINT64_MAX;
		for (size_t i = 0; i < N_SANITIZERS; i++)
			if (strncmp(list, sanitizers[i], length) == 0 &&
			    sanitizers[i][length] == '\0')
				bits |= BIT(i);
		list += length + (list[length] == ',');
	}
	return bits;
}

static int starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* A library, by name (-lNAME, -l:FILE) or as a file. */
static uint64_t library_bits(const char *name)
{
	int file = name[0] == ':';

	name = path_base(name + file);
	if (starts_with(name, "lib")) {
		file = 1;
		name += 3;
	}
	if (strcmp(name, "c") == 0 ||
	    (file && (starts_with(name, "c.a") || starts_with(name, "c.so"))))
		return BIT(LIBC);
	if (strcmp(name, "stdc++.a") == 0 || strcmp(name, "c++.a") == 0)
		return BIT(CXXLIB) | BIT(CXXSTATIC);
	if (starts_with(name, "stdc++") || starts_with(name, "supc++") ||
	    strcmp(name, "c++") == 0 || starts_with(name, "c++.so"))
		return BIT(CXXLIB);
	return 0;
}

/* Is it a library by its file name? */
static int is_library_file(const char *name)
{
	const char *dot = strrchr(name, '.');

	return strstr(name, ".so") != NULL ||
	       (dot && (strcmp(dot, ".a") == 0 || strcmp(dot, ".rlib") == 0));
}

static uint64_t take_library(struct walk *w, const char *name)
{
	words_add(&w->c->libraries, path_base(name));
	return library_bits(name);
}

/* An input word; `-` and @file that could not be read are inputs too. */
static void take_input(struct walk *w, const char *word)
{
	if (w->language && strcmp(w->language, "none") != 0) {
		if (starts_with(w->language, "assembler"))
			w->seen |= BIT(ASSEMBLER);
		else if (strstr(w->language, "header"))
			w->seen |= BIT(HEADER);
		else
			w->seen |= strcmp(w->language, "ir") == 0 ? BIT(OBJECT)
								  : BIT(SOURCE);
	} else if (strcmp(word, "-") == 0) {
		w->seen |= BIT(UNSURE) | BIT(OBJECT);
	} else {
		enum effect input = option_input(word);

		w->seen |= BIT(input);
		if (input == OBJECT && is_library_file(path_base(word)))
			w->seen |= take_library(w, word);
	}
}

/* An effect of a linker option whose value is known. */
static void take_linker_value(struct walk *w, enum effect effect, const char *value)
{
	switch (effect) {
	case WRAP:
		words_add(&w->c->user_wraps, value);
		break;
	case OFORMAT:
		if (!starts_with(value, "elf"))
			w->seen |= BIT(IMAGE);
		break;
	case IFORMAT:
		if (strcmp(value, "default") == 0 || starts_with(value, "elf"))
			w->seen &= ~BIT(IMAGE);
		else
			w->seen |= BIT(IMAGE);
		break;
	case LIBRARY:
		w->seen |= take_library(w, value);
		break;
	default:
		w->seen |= BIT(effect);
	}
}

/* One word for the linker. Its value may come in a later -Wl or -Xlinker. */
static void take_linker_word(struct walk *w, const char *word)
{
	const struct option *option = w->ld_pending;
	const char *value;
	int takes_next;

	if (option) {
		w->ld_pending = NULL;
		take_linker_value(w, option->effect, word);
		return;
	}
	option = option_find(linker_options, word, &value, &takes_next);
	if (!option) {
		if (word[0] != '-' && is_library_file(path_base(word)))
			w->seen |= take_library(w, word);
		return;
	}
	if (takes_next)
		w->ld_pending = option;
	else
		take_linker_value(w, option->effect, value ? value : "");
}

static void take_linker_list(struct walk *w, const char *list)
{
	char *copy = strdup(list), *rest = copy, *word;

	if (!copy)
		exit_with(2, "out of memory");
	while ((word = strsep(&rest, ",")))
		take_linker_word(w, word);
	free(copy);
}

/* Options that do more than leave a mark. 0 if `effect` is not one of them. */
static int take_value(struct walk *w, enum effect effect, const char *value)
{
	switch (effect) {
	case LANGUAGE:
		if (value[0] < 'A' || value[0] > 'Z') /* -xHost: Intel's CPU choice */
			w->language = value;
		return 1;
	case LIBRARY:
		w->seen |= BIT(OBJECT) | take_library(w, value);
		return 1;
	case MACRO:
		if (strcmp(value, "__KERNEL__") == 0 || starts_with(value, "__KERNEL__="))
			w->seen |= BIT(FREESTANDING);
		return 1;
	case LINKER:
		w->c->gold = strstr(path_base(value), "gold") != NULL;
		w->c->mold = strstr(path_base(value), "mold") != NULL;
		return 1;
	case MODE:
		w->c->cxx |= strcmp(value, "g++") == 0;
		return 1;
	case SANITIZE:
		w->sanitizers |= sanitizer_bits(value);
		return 1;
	case NO_SANITIZE:
		w->sanitizers &= ~sanitizer_bits(value);
		return 1;
	case TARGET:
		w->target = value;
		return 1;
	case LD_LIST:
		take_linker_list(w, value);
		return 1;
	case LD_WORD:
		take_linker_word(w, value);
		return 1;
	default:
		return 0;
	}
}

static void take_option(struct walk *w, const struct option *option, const char *value)
{
	if (take_value(w, option->effect, value ? value : ""))
		return;
	switch (option->effect) {
	case NARROW:
		w->width = WIDTH_32;
		break;
	case WIDE:
		w->width = WIDTH_64;
		break;
	case ODD_WIDTH:
		w->width = WIDTH_OTHER;
		break;
	case DEBUG:
		w->c->debug = 1;
		break;
	default:
		w->seen |= BIT(option->effect);
	}
}

/* One word and, if it takes it, the next; how many were taken. */
static size_t walk_word(struct walk *w, const char *word, const char *next)
{
	const struct option *option;
	const char *value;
	int takes_next;

	if (word[0] != '-' || word[1] == '\0') {
		take_input(w, word);
		return 1;
	}
	option = option_find(driver_options, word, &value, &takes_next);
	if (!option)
		return 1;
	if (takes_next)
		value = next;
	take_option(w, option, value);
	return 1 + (takes_next && next);
}

static void walk_words(struct walk *w, const struct words *words)
{
	struct cmdline *c = w->c;

	c->library_at = calloc(words->n + 1, sizeof(*c->library_at));
	if (!c->library_at)
		exit_with(2, "out of memory");
	for (size_t i = 0, taken; i < words->n; i += taken) {
		const char *next = i + 1 < words->n ? words->word[i + 1] : NULL;
		/* Nothing may come between a linker option and its value. */
		int apart = w->ld_pending == NULL;
		size_t n = c->libraries.n;

		taken = walk_word(w, words->word[i], next);
		if (c->libraries.n > n && apart)
			c->library_at[c->n_library_at++] = i;
	}
}

/* Of compilers that bring their C libraries, glibc is the only one that they link as a
 * shared library by themselves. */
static int has_static_libc(const char *target)
{
	return target && !strstr(target, "gnu") &&
	       (strstr(target, "linux") || strstr(target, "musl"));
}

/* What a compiler does with what it brings along. */
static void derive_own(struct walk *w, const struct cmd_driver *driver)
{
	w->c->own_linker = driver->own_linker;
	if (driver->own_linker)
		w->c->gold = w->c->mold = 0;
	if (!driver->own_libraries)
		return;
	w->seen |= BIT(CXXSTATIC);
	if (!(w->seen & BIT(DYNAMIC)) && has_static_libc(w->target))
		w->seen |= BIT(STATIC);
}

/* The bits that follow from other bits. */
static void derive(struct walk *w)
{
	const uint64_t inputs = BIT(SOURCE) | BIT(ASSEMBLER) | BIT(HEADER) | BIT(OBJECT);

	if (!(w->seen & inputs))
		w->seen |= BIT(NO_INPUT);
	if ((w->seen & inputs) == BIT(HEADER))
		w->seen |= BIT(HEADERS);
	if ((w->seen & BIT(NOSTDLIB)) && !(w->seen & BIT(LIBC)))
		w->seen |= BIT(NOLIBC);
	if (w->sanitizers)
		w->seen |= BIT(SANITIZER);
	w->c->code = target_code_word(w->target);
	w->c->target = target_find(w->target, w->width);
	if (!w->c->target)
		w->seen |= BIT(FOREIGN);
}

static void decide(const struct walk *w)
{
	struct cmdline *c = w->c;

	c->kind = CMD_EXECUTABLE;
	c->reason = "links an executable";
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (w->seen & BIT(rules[i].effect)) {
			c->kind = rules[i].kind;
			c->reason = rules[i].reason;
			break;
		}
	}
}

void cmdline_classify(const struct words *words, const struct cmd_driver *driver,
		      struct cmdline *c)
{
	struct walk w = {.c = c, .target = driver->target};

	*c = (struct cmdline){.cxx = driver->cxx};
	if (driver->options) {
		walk_words(&w, driver->options);
		free(c->library_at); /* it counts the user's words */
		c->n_library_at = 0;
	}
	walk_words(&w, words);
	derive(&w);
	derive_own(&w, driver);
	if (driver->plugins && (w.seen & BIT(SHARED)))
		w.seen ^= BIT(SHARED) | BIT(PLUGIN);
	decide(&w);
	if (driver->no_code)
		c->code = NULL;
	if (driver->no_link && cmdline_links(c)) {
		c->kind = CMD_OTHER;
		c->reason = driver->no_link;
	}
	if (w.seen & (BIT(NOSTDLIB) | BIT(NOCXXLIB)))
		c->cxx = 0;
	c->cxx |= (w.seen & BIT(CXXLIB)) != 0;
	c->shared_cxx = c->cxx && !(w.seen & BIT(CXXSTATIC));
	c->compiles = c->kind >= CMD_COMPILE && !(w.seen & BIT(FREESTANDING)) &&
		      (w.seen & (BIT(SOURCE) | BIT(HEADERS)));
}

void cmdline_fini(struct cmdline *c)
{
	words_fini(&c->user_wraps);
	words_fini(&c->libraries);
	free(c->library_at);
}

const char *cmdline_kind_name(enum cmd_kind kind)
{
	static const char *const names[] = {
		[CMD_QUERY] = "not a build step",   [CMD_PREPROCESS] = "no code",
		[CMD_COMPILE] = "compile step",     [CMD_PARTIAL] = "partial link",
		[CMD_SHARED] = "shared library",    [CMD_OTHER] = "link left alone",
		[CMD_PLUGIN] = "plug-in",           [CMD_EXECUTABLE] = "executable",
		[CMD_STATIC] = "static executable",
	};

	return names[kind];
}

int cmdline_links(const struct cmdline *c)
{
	return c->kind == CMD_PLUGIN || c->kind == CMD_EXECUTABLE ||
	       c->kind == CMD_STATIC;
}
