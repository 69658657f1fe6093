/* SPDX-License-Identifier: MIT */
/*
 * The words a command gains.
 *
 * The archive stands first and last. First, with -u, so that our definitions
 * come before those of a static allocator among the user's libraries; last, so
 * that libraries after the first one still find their shims. It is given as
 * words for the linker, because a plain path would be compiled under -x c, and
 * inside --push-state, because the user may have left --whole-archive on. Its
 * name there ends in .ar, for CMake's sake (wrap/meson.build).
 *
 * A dynamic executable also defines what shared libraries call: the whole
 * malloc family (capture process) or what ends a block's life (capture link), and
 * the operators if it has a shared C++ library. A plug-in defines nothing for others.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rheaper-cc/cmdline.h"
#include "rheaper-cc/symbols.h"

/* Words for the linker as one -Wl, word. */
static void add_joined(struct words *out, const struct words *list)
{
	char *joined = NULL;
	size_t size = 0;
	FILE *text = open_memstream(&joined, &size);

	if (!text)
		exit_with(2, "out of memory");
	fputs("-Wl", text);
	for (size_t i = 0; i < list->n; i++)
		fprintf(text, ",%s", list->word[i]);
	if (fclose(text) != 0)
		exit_with(2, "out of memory");
	words_add(out, joined);
	free(joined);
}

/* Words for the linker, by -Xlinker if one of them has a comma; frees them. */
static void flush_linker(struct words *out, struct words *list)
{
	int commas = 0;

	for (size_t i = 0; i < list->n; i++)
		commas |= strchr(list->word[i], ',') != NULL;
	if (list->n > 0 && !commas)
		add_joined(out, list);
	for (size_t i = 0; commas && i < list->n; i++) {
		words_add(out, "-Xlinker");
		words_add(out, list->word[i]);
	}
	words_fini(list);
}

static const char *name_of(const struct symbol *symbol, const struct cmdline *c)
{
	return c->target->narrow ? symbol->narrow_name : symbol->name;
}

/* Whether what libc allocates for the caller is recorded as its functions. */
static int has_libc(const struct cmdline *c, const struct cmd_inject *inject)
{
	return c->kind == CMD_PLUGIN ||
	       (c->kind == CMD_EXECUTABLE && inject->capture == CAPTURE_LINK);
}

static int is_wrapped(const struct symbol *symbol, const struct cmdline *c,
		      const struct cmd_inject *inject)
{
	if (words_has(&c->user_wraps, name_of(symbol, c)))
		return 0;

	switch (symbol->group) {
	case GROUP_core_late:
	case GROUP_control_late:
		return !inject->pull_all;
	case GROUP_cxx:
		return c->cxx;
	case GROUP_loader:
		return c->kind != CMD_STATIC;
	case GROUP_string:
		return c->kind == CMD_PLUGIN || c->kind == CMD_EXECUTABLE;
	case GROUP_libc:
		return has_libc(c, inject);
	case GROUP_libc_late:
		return has_libc(c, inject) && !inject->pull_all;
	default:
		return 1;
	}
}

/* For linkers that take the shims of weak functions out of no archive: what stands before
 * and behind all that is wrapped (wrap/bring.h), unless all others are asked for. */
static void add_hears(const struct cmdline *c, const struct cmd_inject *inject,
		      struct words *list)
{
	if (inject->pull_all)
		return;
	words_add(list, "--wrap=rhp_hear_late");
	if (has_libc(c, inject))
		words_add(list, "--wrap=rhp_hear_libc");
	if (inject->declared_archive)
		words_add(list, "--wrap=" RHP_DECLARED_HEARD);
}

static void add_brings(const struct cmdline *c, const struct cmd_inject *inject,
		       struct words *out)
{
	struct words list = {0};

	words_add(&list, "--wrap=rhp_bring_any");
	if (!inject->pull_all) {
		words_add(&list, "--wrap=rhp_bring_late");
		if (c->kind != CMD_STATIC)
			words_add(&list, "--wrap=rhp_bring_dynamic");
		if (has_libc(c, inject))
			words_add(&list, "--wrap=rhp_bring_libc");
	}
	if (inject->declared_archive)
		words_add(&list, "--wrap=" RHP_DECLARED_BROUGHT);
	flush_linker(out, &list);
}

static void add_wraps(const struct cmdline *c, const struct cmd_inject *inject,
		      struct words *out)
{
	struct words list = {0};

	add_hears(c, inject, &list);
	for (size_t i = 0; i < n_symbols; i++)
		if (is_wrapped(&symbols[i], c, inject))
			words_addf(&list, "--wrap=%s", name_of(&symbols[i], c));
	flush_linker(out, &list);
}

static void add_declared_wraps(const struct cmdline *c, const struct cmd_inject *inject,
			       struct words *out)
{
	struct words list = {0};

	for (size_t i = 0; inject->declared_archive && i < inject->declared->n; i++) {
		const char *name = inject->declared->function[i].name;

		if (!words_has(&c->user_wraps, name))
			words_addf(&list, "--wrap=%s", name);
	}
	flush_linker(out, &list);
}

/* Functions of libc that static libraries of the compilers use (libstdc++.a,
 * libgfortran.a, ...): the compiler adds those behind our last archive. */
static int is_used_by_compilers(const char *name)
{
	static const char *const names[] = {
		"strdup",         "strndup",          "getcwd",
		"realpath",       "__isoc99_sscanf",  "__isoc99_fscanf",
		"__isoc99_scanf", "__sched_cpualloc",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return 1;
	return 0;
}

/*
 * Whether the shims of the operators come only when something calls one: there is a
 * shared C++ library, which calls those that the executable exports. A static one calls
 * the shims itself, and the compiler adds it behind our last archive.
 */
static int exports_operators(const struct cmdline *c)
{
	return c->kind == CMD_EXECUTABLE && c->shared_cxx;
}

/* One that pulls its family; what libgcov.a and the libc.a of musl, which come behind the
 * archive, too, call themselves. */
static int is_always_pulled(const char *name, const struct cmdline *c)
{
	if (strcmp(name, "_Znwm") == 0)
		return c->cxx && !exports_operators(c);
	if (strcmp(name, "prctl") == 0)
		return c->kind == CMD_STATIC;
	return strcmp(name, "malloc") == 0 || strcmp(name, "execve") == 0;
}

/* Where a C++ library is shared, what the shims need of libgcc is there. mold searches
 * archives in no order, and would keep the library for what is only asked for. */
static void add_operator_pulls(const struct cmdline *c, struct words *list)
{
	const char *symbol =
		exports_operators(c) ? "rhp_operators_wanted" : "__gcc_personality_v0";

	if (!c->cxx || (exports_operators(c) && c->mold))
		return;
	words_add(list, "-u");
	words_add(list, symbol);
}

/*
 * Makes the linker take our shims out of the archive. One symbol pulls the
 * whole family of malloc, one that of operator new; the other shims come when
 * they are referenced, if the archive stands last too.
 */
static void add_pulls(const struct cmdline *c, const struct cmd_inject *inject,
		      struct words *out)
{
	struct words list = {0};

	for (size_t i = 0; i < n_symbols; i++) {
		const struct symbol *symbol = &symbols[i];
		int is_rest =
			symbol->group == GROUP_control || symbol->group == GROUP_exec;
		int all = inject->pull_all && !(is_rest && c->kind == CMD_STATIC);
		int more = all || is_used_by_compilers(symbol->name);

		if (is_always_pulled(symbol->name, c) ||
		    (more && is_wrapped(symbol, c, inject))) {
			words_add(&list, "-u");
			words_addf(&list, "__wrap_%s", name_of(symbol, c));
		}
	}
	add_operator_pulls(c, &list);
	flush_linker(out, &list);
}

static void add_archive(const struct cmdline *c, const struct cmd_inject *inject,
			struct words *out)
{
	struct words list = {0};

	words_add(&list, "--push-state");
	words_add(&list, "--no-whole-archive");
	if (inject->declared_archive)
		words_add(&list, inject->declared_archive);
	words_addf(&list, "%s/librheaper%s%s.ar", inject->archive_dir,
		   c->kind == CMD_PLUGIN ? "-plugin" : "", c->target->suffix);
	words_add(&list, "--pop-state");
	flush_linker(out, &list);
}

/* One archive of exported functions, and the symbol that brings them. */
static void add_exports(struct words *list, const struct cmdline *c,
			const struct cmd_inject *inject, const char *symbol,
			const char *archive)
{
	words_add(list, "-u");
	words_add(list, symbol);
	words_addf(list, "%s/librheaper-%s%s.ar", inject->archive_dir, archive,
		   c->target->suffix);
}

static void add_interpose(const struct cmdline *c, const struct cmd_inject *inject,
			  struct words *out)
{
	struct words list = {0};

	words_add(&list, "--push-state");
	words_add(&list, "--no-whole-archive");
	if (inject->capture == CAPTURE_LINK)
		add_exports(&list, c, inject, "rhp_interpose_lifetime", "follow");
	else
		add_exports(&list, c, inject, "rhp_interpose_malloc", "interpose");
	if (exports_operators(c))
		add_exports(&list, c, inject, "rhp_interpose_cxx", "interpose-cxx");
	words_add(&list, "--pop-state");
	flush_linker(out, &list);
}

/* All operators, or a library would find some here and some in the C++ library: linkers
 * export by themselves what the libraries of this link mention. */
static void add_exported_operators(const struct cmdline *c, struct words *out)
{
	struct words list = {0};

	if (!exports_operators(c))
		return;
	words_add(&list, "--wrap=rhp_shims"); /* wrap/interpose-cxx.c */
	for (size_t i = 0; i < n_symbols; i++)
		if (symbols[i].group == GROUP_cxx)
			words_addf(&list, "--export-dynamic-symbol=%s",
				   name_of(&symbols[i], c));
	flush_linker(out, &list);
}

static void add_compile(const struct cmdline *c, struct words *out)
{
	words_add(out, "-fno-omit-frame-pointer");
	if (c->code)
		words_add(out, c->code);
	if (!c->debug)
		words_add(out, "-g1");
}

static void add_labels(const struct cmd_inject *inject, struct words *out)
{
	struct words list = {0};

	if (inject->label_object)
		words_add(&list, inject->label_object);
	flush_linker(out, &list);
}

/* gold takes the malloc that a shared library asks for to be the shim too: which it
 * then misses where the shim is not linked, and else exports. */
static void add_for_gold(const struct cmdline *c, struct words *out)
{
	words_addf(out, "-Wl,--allow-shlib-undefined,--exclude-libs,librheaper%s.ar",
		   c->target->suffix);
}

/*
 * zig strips what it links with -Os, unless debug information is asked for there, too.
 * The archive by its own name is what add_pulls() asks for: should the file of
 * linker_file_move() not be read, no program without records comes out, but an error.
 * It links --as-needed unless it is told otherwise, and its linker does not count a
 * library as needed of which only what is wrapped is used: an allocator.
 */
static void add_for_own_linker(const struct cmdline *c, const struct cmd_inject *inject,
			       struct words *compile, struct words *before)
{
	if (!c->compiles && !c->debug)
		words_add(compile, "-g1");
	words_addf(before, "%s/librheaper%s%s.a", inject->archive_dir,
		   c->kind == CMD_PLUGIN ? "-plugin" : "", c->target->suffix);
	words_add(before, "-Wl,--no-as-needed");
}

void cmdline_inject(const struct cmdline *c, const struct cmd_inject *inject,
		    struct words *compile, struct words *before, struct words *after)
{
	if (c->compiles)
		add_compile(c, compile);
	if (!cmdline_links(c) || !inject->archive_dir)
		return;
	if (c->own_linker)
		add_for_own_linker(c, inject, compile, before);
	/* By which the loader knows a module. Before the user's words, of which the last
	 * one counts; to zig, the last one that says which */
	words_add(before, c->own_linker ? "-Wl,--build-id=fast" : "-Wl,--build-id");
	add_wraps(c, inject, before);
	add_declared_wraps(c, inject, before);
	add_pulls(c, inject, before);
	add_exported_operators(c, before);
	add_brings(c, inject, before);
	if (c->gold)
		add_for_gold(c, before);
	/* GCC leaves it out, and libc.a has no frame pointers */
	if (c->kind == CMD_STATIC)
		words_add(before, "-Wl,--eh-frame-hdr");
	add_labels(inject, before);
	add_archive(c, inject, before);
	add_archive(c, inject, after);
	if (c->kind == CMD_EXECUTABLE) {
		add_interpose(c, inject, after);
		add_archive(c, inject, after);
	}
}

/*
 * A shim of a declared function comes when it is referenced, and refers to the
 * function itself: it must stand behind the objects that call it, and before the
 * library that has it, or that library is passed by.
 */
void cmdline_inject_declared(const struct cmdline *c, const struct cmd_inject *inject,
			     const struct words *words, struct words *out)
{
	size_t next = 0;

	for (size_t i = 0; i < words->n; i++) {
		if (next < c->n_library_at && c->library_at[next] == i) {
			struct words list = {0};

			next++;
			words_add(&list, "--push-state");
			words_add(&list, "--no-whole-archive");
			words_add(&list, inject->declared_archive);
			words_add(&list, "--pop-state");
			flush_linker(out, &list);
		}
		words_add(out, words->word[i]);
	}
}
