/* SPDX-License-Identifier: MIT */
/*
 * The grammar is the one that GCC, Clang and the GNU linkers share. A file may
 * name itself, so the number of files read for one command is limited; beyond
 * that the compiler gives up too.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rheaper-cc/respfile.h"

#define MAX_FILES 2000

/* The text of a file, NULL if it cannot be read. */
static char *read_text(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (!file)
		return NULL;
	if (getdelim(&text, &size, '\0', file) < 0) {
		free(text);
		text = ferror(file) ? NULL : strdup("");
	}
	fclose(file);
	return text;
}

/* Copies the word at `at` to `word`, unquoted; returns where it ended. */
static const char *take_word(const char *at, char *word)
{
	char quote = 0;

	for (; *at && (quote || !isspace((unsigned char)*at)); at++) {
		if (*at == '\\' && at[1])
			*word++ = *++at;
		else if (quote && *at == quote)
			quote = 0;
		else if (!quote && (*at == '\'' || *at == '"'))
			quote = *at;
		else
			*word++ = *at;
	}
	*word = '\0';
	return at;
}

void respfile_split(const char *text, struct words *out)
{
	char *word = malloc(strlen(text) + 1);

	if (!word)
		exit_with(2, "out of memory");
	for (;;) {
		while (isspace((unsigned char)*text))
			text++;
		if (!*text)
			break;
		text = take_word(text, word);
		words_add(out, word);
	}
	free(word);
}

/* Appends the words of file `path`, nested files expanded. 0 if unreadable. */
static int expand_file(const char *path, struct words *out, int *files)
{
	struct words inner = {0};
	char *text;

	if (*files >= MAX_FILES)
		return 0;
	text = read_text(path);
	if (!text)
		return 0;
	++*files;
	respfile_split(text, &inner);
	free(text);
	for (size_t i = 0; i < inner.n; i++) {
		const char *word = inner.word[i];

		if (word[0] != '@' || !expand_file(word + 1, out, files))
			words_add(out, word);
	}
	words_fini(&inner);
	return 1;
}

/* A -Wl, list with a response file in it. */
static void expand_linker_list(const char *list, struct words *out, int *files)
{
	char *copy = strdup(list), *rest = copy, *item;
	struct words inner = {0};

	if (!copy)
		exit_with(2, "out of memory");
	while ((item = strsep(&rest, ",")))
		if (item[0] != '@' || !expand_file(item + 1, &inner, files))
			words_add(&inner, item);
	free(copy);
	for (size_t i = 0; i < inner.n; i++) {
		words_add(out, "-Xlinker");
		words_add(out, inner.word[i]);
	}
	words_fini(&inner);
}

void respfile_expand(const struct words *in, struct words *out)
{
	struct words flat = {0};
	int files = 0;

	for (size_t i = 0; i < in->n; i++) {
		const char *word = in->word[i];

		if (word[0] != '@' || !expand_file(word + 1, &flat, &files))
			words_add(&flat, word);
	}
	for (size_t i = 0; i < flat.n; i++) {
		const char *word = flat.word[i];

		if (strncmp(word, "-Wl,", 4) == 0 && strstr(word, ",@"))
			expand_linker_list(word + 4, out, &files);
		else
			words_add(out, word);
	}
	words_fini(&flat);
}
