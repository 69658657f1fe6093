/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "rheaper-cc/linker-file.h"
#include "rheaper-cc/template.h"

static int starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* What is not for the linker, and what any compiler passes on. */
static int stays(const char *word)
{
	static const char *const known[] = {"-Wl,-u,", "-Wl,--build-id",
					    "-Wl,--eh-frame-hdr", "-Wl,--no-as-needed"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (starts_with(word, known[i]))
			return 1;
	return !starts_with(word, "-Wl,") && strcmp(word, "-Xlinker") != 0;
}

/* A word in a line of its own, quoted as GNU's programs read it. */
static void write_word(FILE *out, const char *word, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (strchr(" \t\r\n\\'\"", word[i]))
			putc('\\', out);
		putc(word[i], out);
	}
	putc('\n', out);
}

static void write_list(FILE *out, const char *list)
{
	for (size_t length; *list; list += length + (list[length] == ',')) {
		length = strcspn(list, ",");
		write_word(out, list, length);
	}
}

/* Those that stay, to `kept`; the others to the file. */
static void move(FILE *out, const struct words *from, struct words *kept)
{
	for (size_t i = 0; i < from->n; i++) {
		const char *word = from->word[i];

		if (stays(word))
			words_add(kept, word);
		else if (starts_with(word, "-Wl,"))
			write_list(out, word + strlen("-Wl,"));
		else if (++i < from->n) /* -Xlinker WORD */
			write_word(out, from->word[i], strlen(from->word[i]));
	}
}

void linker_file_move(struct words *before, struct words *after)
{
	static const char what[] = "the file of words for the linker";
	struct words kept = {0};
	char *path;
	FILE *out;

	if (before->n == 0)
		return;
	out = template_open(what, &path);
	/* It stands for the name of a symbol, so it begins with one */
	fputs("__wrap_malloc\n", out);
	move(out, before, &kept);
	move(out, after, &kept);
	template_close(out, what);
	words_addf(&kept, "-Wl,-u,@%s", path);
	free(path);
	words_fini(before);
	words_fini(after);
	*before = kept;
}
