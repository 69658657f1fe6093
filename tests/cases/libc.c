/* SPDX-License-Identifier: MIT */
/*
 * Functions of libc whose blocks the caller frees, one at a time. How many blocks
 * one takes on the way to its result is its own affair.
 */
#include <argz.h>
#include <dirent.h>
#include <execinfo.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

static char *text = "twelve bytes";

static void strings(void)
{
	free(strdup(text));
	free(strndup(text, 4));
	free(wcsdup(L"wide"));
}

static int format(char **out, const char *how, ...)
{
	va_list args;
	int length;

	va_start(args, how);
	length = vasprintf(out, how, args);
	va_end(args);
	return length;
}

static void formats(void)
{
	char *out;

	if (asprintf(&out, "%s-%d", text, 7) == 14)
		free(out);
	if (format(&out, "%s", text) == 12)
		free(out);
}

static void lines(void)
{
	FILE *file = fmemopen(text, strlen(text), "r");
	char *line = NULL;
	size_t size = 0;

	if (getline(&line, &size, file) == 12)
		free(line);
	rewind(file);
	line = NULL;
	size = 0;
	if (getdelim(&line, &size, ' ', file) == 7)
		free(line);
	fclose(file);
}

static void paths(void)
{
	free(realpath("/", NULL));
	free(canonicalize_file_name("/"));
	free(getcwd(NULL, 0));
	free(get_current_dir_name());
	free(tempnam("/", "x"));
}

static void streams(void)
{
	char *out;
	size_t size;
	FILE *file = open_memstream(&out, &size);

	fputs(text, file);
	fclose(file);
	free(out);
}

static void directories(void)
{
	struct dirent **names;
	int n = scandir("/proc/self/task", &names, NULL, alphasort);

	while (n-- > 0)
		free(names[n]);
	free(names);
}

static void vectors(void)
{
	char *argv[] = {"one", "two", NULL}, *argz;
	void *stack[4];
	size_t size;

	if (argz_create(argv, &argz, &size) == 0)
		free(argz);
	free(backtrace_symbols(stack, backtrace(stack, 1)));
	CPU_FREE(CPU_ALLOC(100));
}

static void scans(void)
{
	char *word;

	if (sscanf(text, "%ms", &word) == 1)
		free(word);
}

int main(void)
{
	strings();
	formats();
	lines();
	paths();
	streams();
	directories();
	vectors();
	scans();
	return 0;
}
