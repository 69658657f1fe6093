/* SPDX-License-Identifier: MIT */
/*
 * We must never run ourselves: a masquerade directory (gcc -> rheaper-cc) may
 * come first on PATH. So every candidate is compared with /proc/self/exe by
 * device and inode, which holds for symbolic and hard links.
 *
 * The archive is looked for where it moves with us (an unpacked tree may lie
 * anywhere) before the configured place, and never in the current directory.
 */
#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/path.h"
#include "config.h"

#include "rheaper-cc/find.h"

static const char *const architectures[] = {
	"x86_64",  "amd64",   "i386",     "i486",    "i586",      "i686",
	"aarch64", "arm",     "armv7",    "armv7l",  "armeb",     "mips",
	"mipsel",  "mips64",  "mips64el", "powerpc", "powerpc64", "powerpc64le",
	"riscv32", "riscv64", "s390x",    "sparc",   "sparc64",   "loongarch64",
	"alpha",   "hppa",    "ia64",     "m68k",    "sh4",       "avr",
};

/* Length of the triple that `name` starts with, its last dash included; or 0. */
static size_t triple_length(const char *name)
{
	static const char *const tools[] = {"gcc",      "g++",   "cc",  "c++",    "clang",
					    "gfortran", "flang", "cpp", "rheaper"};
	size_t arch = strcspn(name, "-"), known = 0;

	for (size_t i = 0; i < sizeof(architectures) / sizeof(*architectures); i++)
		known |= strlen(architectures[i]) == arch &&
			 strncmp(name, architectures[i], arch) == 0;
	if (!known)
		return 0;
	for (const char *at = strchr(name, '-'); at; at = strchr(at + 1, '-'))
		for (size_t i = 0; i < sizeof(tools) / sizeof(*tools); i++)
			if (strncmp(at + 1, tools[i], strlen(tools[i])) == 0)
				return (size_t)(at + 1 - name);
	return 0;
}

/* Keeps the triple that a name starts with, if any: its length, with the dash. */
static size_t take_triple(struct compiler *compiler, const char *name)
{
	size_t length = triple_length(name);

	if (length > 0 && length < sizeof(compiler->target))
		snprintf(compiler->target, sizeof(compiler->target), "%.*s",
			 (int)(length - 1), name);
	return length;
}

/* The language by the tool's name, TRIPLE- taken off. */
static enum language tool_language(const char *tool)
{
	if (strstr(tool, "++"))
		return LANG_CXX;
	if (strstr(tool, "fortran") || strstr(tool, "flang") ||
	    strncmp(tool, "f77", 3) == 0 || strncmp(tool, "f95", 3) == 0)
		return LANG_FORTRAN;
	return LANG_C;
}

void compiler_name(const char *argv0, struct compiler *compiler)
{
	static const char *const variables[] = {
		[LANG_C] = "RHEAPER_REAL_CC",
		[LANG_CXX] = "RHEAPER_REAL_CXX",
		[LANG_FORTRAN] = "RHEAPER_REAL_FC",
	};
	static const char own[] = "rheaper-";
	const char *base = path_base(argv0);
	const char *mark = strstr(base, own);
	size_t triple;

	*compiler = (struct compiler){0};
	if (mark)
		snprintf(compiler->name, sizeof(compiler->name), "%.*s%s",
			 (int)(mark - base), base, mark + strlen(own));
	else
		snprintf(compiler->name, sizeof(compiler->name), "%s", base);
	triple = take_triple(compiler, compiler->name);
	compiler->language = tool_language(compiler->name + triple);
	compiler->variable = variables[compiler->language];
}

static int is_program(const char *path)
{
	struct stat file;

	return stat(path, &file) == 0 && S_ISREG(file.st_mode) && access(path, X_OK) == 0;
}

static int is_ourselves(const char *path)
{
	struct stat file, self;

	return stat(path, &file) == 0 && stat("/proc/self/exe", &self) == 0 &&
	       file.st_dev == self.st_dev && file.st_ino == self.st_ino;
}

/* The first program `name` on PATH that is not us. The caller frees it. */
static char *search_path(const char *name)
{
	const char *path = getenv("PATH");
	char *copy = strdup(path ? path : "/usr/local/bin:/usr/bin:/bin");
	char *rest = copy, *dir, *found = NULL;

	while (!found && (dir = strsep(&rest, ":"))) {
		if (asprintf(&found, "%s/%s", *dir ? dir : ".", name) < 0)
			exit_with(2, "out of memory");
		if (!is_program(found) || is_ourselves(found)) {
			free(found);
			found = NULL;
		}
	}
	free(copy);
	return found;
}

/* A cross or versioned `cc` is called gcc everywhere: the name to try next. */
static void gnu_name(const struct compiler *compiler, char *name, size_t size)
{
	const char *tool = compiler->name;

	if (compiler->target[0])
		tool += strlen(compiler->target) + 1;
	if (strncmp(tool, "cc", 2) == 0)
		snprintf(name, size, "%.*sgcc%s", (int)(tool - compiler->name),
			 compiler->name, tool + 2);
	else if (strncmp(tool, "c++", 3) == 0)
		snprintf(name, size, "%.*sg++%s", (int)(tool - compiler->name),
			 compiler->name, tool + 3);
	else
		snprintf(name, size, "%s", compiler->name);
}

/* Puts the path of `name` first on the command. 0 or -ENOENT. */
static int find_program(struct compiler *compiler, const char *name)
{
	char *path;

	if (strchr(name, '/')) {
		if (!is_program(name))
			return -ENOENT;
		words_add(&compiler->command, name);
		return 0;
	}
	path = search_path(name);
	if (!path)
		return -ENOENT;
	words_add(&compiler->command, path);
	free(path);
	return 0;
}

/* The user's own choice, blanks separate its words. */
static int find_given(struct compiler *compiler, const char *text, const char **wanted)
{
	struct words given = {0};
	int error;

	words_add_split(&given, text);
	*wanted = text;
	error = find_program(compiler, given.word[0]);
	for (size_t i = 1; !error && i < given.n; i++)
		words_add(&compiler->command, given.word[i]);
	/* `ccache aarch64-linux-gnu-gcc -O2`: the last name is the compiler's */
	for (size_t i = 0; i < given.n && given.word[i][0] != '-'; i++)
		take_triple(compiler, path_base(given.word[i]));
	if (!error && is_ourselves(compiler->command.word[0]))
		exit_with(2, "%s=%s names rheaper-cc itself: set it to the real compiler",
			  compiler->variable, text);
	words_fini(&given);
	return error;
}

int compiler_find(struct compiler *compiler, const char **wanted)
{
	const char *given = getenv(compiler->variable);
	char name[sizeof(compiler->name) + 4];

	if (given && given[strspn(given, " \t\n")])
		return find_given(compiler, given, wanted);
	*wanted = compiler->name;
	if (find_program(compiler, compiler->name) == 0)
		return 0;
	gnu_name(compiler, name, sizeof(name));
	return find_program(compiler, name);
}

/* The directory `below` another, if the archive is there. */
static char *try_archive(const char *dir, const char *below, const char *suffix)
{
	char *found = NULL, *archive = NULL, *whole = NULL;

	if (asprintf(&found, "%s%s", dir, below) < 0 ||
	    asprintf(&archive, "%s/librheaper%s.a", found, suffix) < 0)
		exit_with(2, "out of memory");
	if (access(archive, R_OK) == 0)
		whole = realpath(found, NULL);
	free(archive);
	free(found);
	return whole;
}

char *archive_find(const char *suffix)
{
	const char *home = getenv("RHEAPER_HOME");
	char self[PATH_MAX], *found = NULL;
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (home && *home)
		return try_archive(home, "", suffix);
	if (length > 0) {
		self[length] = '\0';
		*strrchr(self, '/') = '\0';
		found = try_archive(self, "/" RHEAPER_LIBDIR_FROM_BINDIR, suffix);
		if (!found) {
			char *mark = NULL;

			if (asprintf(&mark, "%s/.rheaper-build", self) < 0)
				exit_with(2, "out of memory");
			if (access(mark, F_OK) == 0)
				found = try_archive(self, "/../wrap", suffix);
			free(mark);
		}
	}
	return found ? found : try_archive(RHEAPER_LIBDIR, "", suffix);
}
