/* SPDX-License-Identifier: MIT */
/*
 * The driver: a compiler's command line comes in, the same one with a few more
 * words goes to the compiler. It is executed, never spawned, so its status and
 * signals are the compiler's, and nothing is printed unless asked for.
 *
 * Exit status when the compiler is not reached: 2 for a misuse of the driver,
 * 126 if the compiler cannot be run, 127 if there is none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/path.h"
#include "rheaper-cc/cmdline.h"
#include "rheaper-cc/declared-archive.h"
#include "rheaper-cc/explain.h"
#include "rheaper-cc/families.h"
#include "rheaper-cc/find.h"
#include "rheaper-cc/linker-file.h"
#include "rheaper-cc/own.h"
#include "rheaper-cc/quirks.h"
#include "rheaper-cc/respfile.h"

#define DEPTH_VARIABLE "RHEAPER_CC_DEPTH"

/*
 * How many of us are on the way to the compiler. One more is an ordinary
 * accident (a wrapper that runs us again) and adds nothing a second time; two
 * more are a loop.
 */
static int check_depth(const struct compiler *compiler)
{
	const char *text = getenv(DEPTH_VARIABLE);
	int depth = text ? atoi(text) : 0;
	char next[16];

	if (depth >= 2)
		exit_with(2,
			  "the compiler '%s' runs rheaper-cc again: set %s to the real "
			  "compiler",
			  compiler->name, compiler->variable);
	snprintf(next, sizeof(next), "%d", depth + 1);
	setenv(DEPTH_VARIABLE, next, 1);
	return depth;
}

static void find_compiler(struct compiler *compiler)
{
	const char *wanted;

	if (compiler_find(compiler, &wanted) < 0)
		exit_with(127, "cannot find the compiler %s; set %s to another one",
			  wanted, compiler->variable);
}

/* Answers a question to the driver, for the target that the other words name. */
static void answer(const struct own *own, const struct compiler *compiler)
{
	const struct cmd_driver driver = {.target = compiler->target[0] ? compiler->target
									: NULL};
	struct cmdline c;

	cmdline_classify(&own->user, &driver, &c);
	own_answer(own->action, c.target);
	cmdline_fini(&c);
}

/* RHEAPER_REAL_CC="ccache gcc -m32": the options count, the names do not. */
static void given_options(const struct words *command, struct words *out)
{
	size_t i = 1;

	while (i < command->n && command->word[i][0] != '-')
		i++;
	for (; i < command->n; i++)
		words_add(out, command->word[i]);
}

/* RHEAPER_REAL_CC="ccache g++", "zig c++": one of the names says which it is. */
static int names_cxx(const struct words *command)
{
	for (size_t i = 0; i < command->n && command->word[i][0] != '-'; i++)
		if (strstr(path_base(command->word[i]), "++"))
			return 1;
	return 0;
}

/* The decision about the user's words; files that they name are looked into.
 * *seen is what was judged. */
static void judge(const struct own *own, const struct compiler *compiler,
		  const struct quirk *quirk, struct cmdline *c, struct words *seen)
{
	struct words options = {0};
	const struct cmd_driver driver = {
		.options = &options,
		.plugins = own->plugins,
		.cxx = compiler->language == LANG_CXX || names_cxx(&compiler->command),
		.no_code = quirk && quirk->no_code,
		.own_linker = quirk && quirk->own_linker,
		.own_libraries = quirk && quirk->own_libraries,
		.no_link = quirk ? quirk->no_link : NULL,
		.target = compiler->target[0] ? compiler->target : NULL,
	};

	given_options(&compiler->command, &options);
	respfile_expand(&own->user, seen);
	cmdline_classify(seen, &driver, c);
	words_fini(&options);
}

/*
 * Makes sure that a link has its archive; else it is left alone, with a note if
 * the installation lacks it. For another target there need not be one.
 */
static char *find_archive(struct cmdline *c)
{
	char *dir;

	if (!cmdline_links(c))
		return NULL;
	dir = archive_find(c->target->suffix);
	if (!dir && c->target->suffix[0]) {
		c->kind = CMD_OTHER;
		c->reason = "for another target than the archives";
	} else if (!dir) {
		fputs("rheaper-cc: cannot find librheaper.a, so the program is not "
		      "instrumented; set RHEAPER_HOME to its directory\n",
		      stderr);
		c->kind = CMD_OTHER;
		c->reason = "librheaper.a is missing";
	}
	return dir;
}

/* The archive of the declared functions' shims, or NULL; the caller frees it. */
static char *make_declared(struct own *own, const struct cmdline *c, const char *dir)
{
	if (!dir)
		return NULL;
	if (!own->no_families)
		families_add_for(&own->declared, &c->libraries);
	if (own->declared.n == 0)
		return NULL;
	declare_finish(&own->declared);
	return declared_archive(&own->declared, dir, c->target->suffix);
}

static void build_command(struct own *own, const struct compiler *compiler,
			  const struct words *seen, struct cmdline *c,
			  struct words *command)
{
	struct words compile = {0}, before = {0}, after = {0};
	char *dir = find_archive(c), *declared = make_declared(own, c, dir);
	char *labels = dir && own->labels.n
			       ? labels_object(&own->labels, dir, c->target->suffix)
			       : NULL;
	struct cmd_inject inject = {.capture = own->capture,
				    .archive_dir = dir,
				    .declared = &own->declared,
				    .declared_archive = declared,
				    .label_object = labels};

	cmdline_inject(c, &inject, &compile, &before, &after);
	if (c->own_linker)
		linker_file_move(&before, &after);
	words_add_all(command, &compiler->command);
	words_add_all(command, &compile);
	words_add_all(command, &before);
	if (declared && !c->own_linker)
		cmdline_inject_declared(c, &inject, seen, command);
	else
		words_add_all(command, &own->user);
	words_add_all(command, &after);
	free(declared);
	free(labels);
	words_fini(&compile);
	words_fini(&before);
	words_fini(&after);
	free(dir);
}

/* For what was asked of the driver itself: an answer that is lost is an error. */
static int answered(void)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		exit_with(2, "write standard output:");
	return 0;
}

/* What a build that does not link by us must add to its own link command. */
static int show_link(const struct own *own, const struct quirk *quirk,
		     const struct cmdline *c)
{
	char *dir = cmdline_links(c) ? archive_find(c->target->suffix) : NULL;
	const struct cmd_inject inject = {
		.capture = own->capture, .archive_dir = dir, .pull_all = 1};
	struct cmdline link = *c;
	struct words none = {0}, list = {0};
	char *text;

	if (own->declared.n > 0)
		exit_with(2, "--rheaper-show=link and --rheaper-wrap cannot be combined: "
			     "only the driver itself can link declared functions");
	if (own->labels.n > 0)
		exit_with(2,
			  "--rheaper-show=link and --rheaper-label cannot be combined: "
			  "only the driver itself can link labels");
	if (c->own_linker)
		exit_with(2,
			  "--rheaper-show=link: %s refuses these words; only the driver "
			  "itself can hand them to its linker",
			  quirk->tool);
	if (!cmdline_links(c))
		exit_with(2, "--rheaper-show=link: nothing to add: %s", c->reason);
	if (!dir)
		exit_with(2,
			  "cannot find librheaper%s.a; set RHEAPER_HOME to its directory",
			  c->target->suffix);
	link.compiles = 0;
	cmdline_inject(&link, &inject, &none, &list, &list);
	text = words_quote(&list);
	puts(text);
	free(text);
	words_fini(&list);
	free(dir);
	return answered();
}

/* One line for RHEAPER_CC_LOG, in one write so that parallel builds mix well. */
static void append_log(const struct cmdline *c, const struct words *command)
{
	const char *path = getenv("RHEAPER_CC_LOG");
	char *text, *line = NULL;
	int fd, length;

	if (!path || !*path)
		return;
	text = words_quote(command);
	length = asprintf(&line, "%s: %s: %s\n", cmdline_kind_name(c->kind), c->reason,
			  text);
	free(text);
	if (length < 0)
		exit_with(2, "out of memory");
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0 || write(fd, line, (size_t)length) != length)
		fprintf(stderr, "rheaper-cc: cannot write to %s: %s\n", path,
			strerror(errno));
	if (fd >= 0)
		close(fd);
	free(line);
}

static int show(const struct words *command)
{
	char *text = words_quote(command);

	puts(text);
	free(text);
	return answered();
}

static int explain(const struct cmdline *c)
{
	printf("%s: %s; %s, %s\n", cmdline_kind_name(c->kind), c->reason,
	       cmdline_links(c) ? "instrumented" : "link words: none",
	       !c->compiles ? "compile words: none"
	       : c->debug   ? "frame pointers"
			    : "frame pointers and -g1");
	return answered();
}

/* Asked about one file that is linked already: what it says of itself. */
static int explained_binary(const struct own *own)
{
	if (own->action != OWN_EXPLAIN || own->user.n != 1 ||
	    !is_binary(own->user.word[0]))
		return 0;
	explain_binary(own->user.word[0], &own->declared);
	return 1;
}

static int run(const struct words *command)
{
	execvp(command->word[0], command->word);
	exit_with(errno == ENOENT ? 127 : 126, "cannot run %s:", command->word[0]);
}

/*
 * gcc-ar, clang-scan-deps and their like are looked for beside the compiler, under its
 * prefix: a build that finds none for rheaper-gcc goes without. They are run as they are.
 */
static void run_companion(struct compiler *compiler, char **argv)
{
	static const char *const companions[] = {"gcc-ar", "gcc-nm", "gcc-ranlib",
						 "clang-scan-deps"};
	const char *name = compiler->name;

	if (compiler->target[0])
		name += strlen(compiler->target) + 1;
	for (size_t i = 0; i < sizeof(companions) / sizeof(companions[0]); i++) {
		size_t n = strlen(companions[i]);

		if (strncmp(name, companions[i], n) != 0 || (name[n] && name[n] != '-'))
			continue;
		/* They look for the linker's plug-in beside what they are called. */
		argv[0] = compiler->name;
		execvp(compiler->name, argv);
		exit_with(errno == ENOENT ? 127 : 126, "cannot run %s:", compiler->name);
	}
}

int main(int argc, char **argv)
{
	struct own own;
	struct compiler compiler;
	const struct quirk *quirk;
	struct cmdline c;
	struct words command = {0}, seen = {0};
	int depth;

	compiler_name(argv[0], &compiler);
	run_companion(&compiler, argv);
	own_parse(argc, argv, &own);
	if (own.action >= OWN_LIST) {
		answer(&own, &compiler);
		return answered();
	}
	if (explained_binary(&own))
		return answered();
	depth = check_depth(&compiler);
	find_compiler(&compiler);
	if (own.action == OWN_SHOW_LINK) /* what is asked is about a link */
		words_add(&own.user, "program.o");
	quirk = quirk_find(&compiler.command, &own.user);
	judge(&own, &compiler, quirk, &c, &seen);
	if (own.action == OWN_SHOW_LINK)
		return show_link(&own, quirk, &c);
	if (own.off || depth > 0) {
		c.kind = CMD_QUERY;
		c.compiles = 0;
		c.reason =
			own.off ? "RHEAPER_CC=off" : "called by another rheaper driver";
	}
	build_command(&own, &compiler, &seen, &c, &command);
	append_log(&c, &command);
	if (own.action == OWN_SHOW)
		return show(&command);
	if (own.action == OWN_EXPLAIN)
		return explain(&c);
	if (quirk && c.reason == quirk->no_link)
		fprintf(stderr, "rheaper-cc: %s\n", quirk->advice);
	return run(&command);
}
