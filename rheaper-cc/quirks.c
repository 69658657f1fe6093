/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "common/path.h"
#include "rheaper-cc/quirks.h"

static const struct quirk quirks[] = {
	{.tool = "flang", .no_code = 1},
	{.tool = "zig", .own_linker = 1, .own_libraries = 1},
	{.tool = "tcc",
	 .no_link = "tcc links by itself, and wraps no functions",
	 .advice = "tcc links by itself and cannot wrap functions, so the program is not "
		   "instrumented; set RHEAPER_REAL_CC to gcc or clang"},
	/* What diet(1) adds to a command */
	{.word = "-D__dietlibc__",
	 .no_link = "dietlibc lacks functions that the runtime needs",
	 .advice = "dietlibc lacks functions that the runtime needs (syscall, "
		   "posix_memalign), so the program is not instrumented; link it with "
		   "glibc or musl to profile it"},
};

/* Behind the triple that a name may have in front. */
static int is_tool(const char *path, const char *tool)
{
	const char *name = path_base(path);
	size_t n = strlen(tool);

	for (const char *at = strstr(name, tool); at; at = strstr(at + 1, tool))
		if ((at == name || at[-1] == '-') && (at[n] == '\0' || at[n] == '-'))
			return 1;
	return 0;
}

static const struct quirk *find(const char *path)
{
	for (size_t i = 0; i < sizeof(quirks) / sizeof(quirks[0]); i++)
		if (quirks[i].tool && is_tool(path, quirks[i].tool))
			return &quirks[i];
	return NULL;
}

static const struct quirk *find_word(const struct words *words)
{
	for (size_t i = 0; i < sizeof(quirks) / sizeof(quirks[0]); i++)
		if (quirks[i].word && words_has(words, quirks[i].word))
			return &quirks[i];
	return NULL;
}

const struct quirk *quirk_find(const struct words *command, const struct words *words)
{
	const struct quirk *found = NULL;
	char *real = realpath(command->word[0], NULL);

	for (size_t i = 0; !found && i < command->n && command->word[i][0] != '-'; i++)
		found = find(command->word[i]);
	if (!found && real)
		found = find(real);
	free(real);
	return found ? found : find_word(words);
}
