/* SPDX-License-Identifier: MIT */
/*
 * Plain growing arrays. The driver lives for a millisecond, so words are
 * copied freely and running out of memory ends it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rheaper-cc/words.h"

void exit_with(int status, const char *format, ...)
{
	int error = errno;
	size_t length = strlen(format);
	va_list args;

	fputs("rheaper-cc: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	if (length > 0 && format[length - 1] == ':')
		fprintf(stderr, " %s", strerror(error));
	fputc('\n', stderr);
	exit(status);
}

static void words_own(struct words *list, char *word)
{
	if (!word)
		exit_with(2, "out of memory");
	if (list->n + 1 >= list->max) {
		list->max = list->max ? list->max * 2 : 64;
		list->word = realloc(list->word, list->max * sizeof(*list->word));
		if (!list->word)
			exit_with(2, "out of memory");
	}
	list->word[list->n++] = word;
	list->word[list->n] = NULL;
}

void words_add(struct words *list, const char *word)
{
	words_own(list, strdup(word));
}

void words_add_all(struct words *list, const struct words *more)
{
	for (size_t i = 0; i < more->n; i++)
		words_add(list, more->word[i]);
}

void words_add_split(struct words *list, const char *text)
{
	static const char blanks[] = " \t\n";

	for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
		size_t length = strcspn(text, blanks);

		words_own(list, strndup(text, length));
		text += length;
	}
}

void words_addf(struct words *list, const char *format, ...)
{
	char *word = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&word, format, args) < 0)
		word = NULL;
	va_end(args);
	words_own(list, word);
}

int words_has(const struct words *list, const char *word)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->word[i], word) == 0)
			return 1;
	return 0;
}

static int is_plain(const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_@%+=:,./-";

	return *word && word[strspn(word, plain)] == '\0';
}

static void quote_word(FILE *out, const char *word)
{
	if (is_plain(word)) {
		fputs(word, out);
		return;
	}
	fputc('\'', out);
	for (; *word; word++)
		if (*word == '\'')
			fputs("'\\''", out);
		else
			fputc(*word, out);
	fputc('\'', out);
}

char *words_quote(const struct words *list)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		exit_with(2, "out of memory");
	for (size_t i = 0; i < list->n; i++) {
		if (i)
			fputc(' ', out);
		quote_word(out, list->word[i]);
	}
	if (fclose(out) != 0)
		exit_with(2, "out of memory");
	return text;
}

void words_fini(struct words *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->word[i]);
	free(list->word);
	*list = (struct words){0};
}
