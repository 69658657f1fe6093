/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

#include "rheaper-cc/labels.h"
#include "rheaper-cc/template.h"
#include "rheaper-cc/words.h"

#define VALUE_SIZE 256 /* bytes of a value, with its NUL */

static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
static const char in_names[] = "abcdefghijklmnopqrstuvwxyz0123456789._";

static const char *check_value(const char *value)
{
	size_t length = strlen(value);
	char *clean;
	int same;

	if (length == 0 || length >= VALUE_SIZE)
		return "expected NAME=VALUE with a value of 1 to 255 bytes";
	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return "a control character in the value";
	clean = text_utf8(value, length);
	if (!clean)
		exit_with(2, "out of memory");
	same = strcmp(clean, value) == 0;
	free(clean);
	return same ? NULL : "the value is not UTF-8";
}

/* Which label has the name of `text`, whose name is `length` bytes; n: none has. */
static size_t find(const struct labels *labels, const char *text, size_t length)
{
	size_t i = 0;

	while (i < labels->n && strncmp(labels->text[i], text, length + 1) != 0)
		i++;
	return i;
}

const char *labels_add(struct labels *labels, const char *text)
{
	size_t length = strspn(text, in_names), i, size = 0;
	const char *wrong;

	if (length == 0 || length > 63 || !strchr(letters, text[0]) ||
	    text[length] != '=')
		return "expected NAME=VALUE, the name of small letters, digits, dots and "
		       "underscores";
	wrong = check_value(text + length + 1);
	if (wrong)
		return wrong;
	i = find(labels, text, length);
	if (i == RHP_LABELS_MAX)
		return "too many labels: a program has 30 at most";
	if (i == labels->n)
		labels->n++;
	else
		free(labels->text[i]);
	labels->text[i] = strdup(text);
	if (!labels->text[i])
		exit_with(2, "out of memory");
	for (i = 0; i < labels->n; i++)
		size += strlen(labels->text[i]) + 1;
	return size < RHP_LABELS_SIZE ? NULL
				      : "too long: all labels together have 1023 bytes";
}

const char *labels_add_list(struct labels *labels, const char *text)
{
	const char *wrong = NULL;

	while (!wrong && *text) {
		size_t n = strcspn(text, ",");
		char *label = strndup(text, n);

		if (!label)
			exit_with(2, "out of memory");
		wrong = labels_add(labels, label);
		free(label);
		text += n + (text[n] == ',');
	}
	return wrong;
}

char *labels_object(const struct labels *labels, const char *archive_dir,
		    const char *suffix)
{
	static const char what[] = "the object of labels";
	char *path, *from = template_path(archive_dir, "labels", suffix);
	struct bytes object = template_read(from);
	char *note = memmem(object.at, object.size, RHP_LABELS_TEMPLATE,
			    sizeof(RHP_LABELS_TEMPLATE));
	FILE *out = template_open(what, &path);

	if (!note || object.size - (size_t)(note - object.at) < RHP_LABELS_SIZE)
		template_die(from);
	memset(note, 0, RHP_LABELS_SIZE);
	for (size_t i = 0; i < labels->n; i++)
		note = stpcpy(note, labels->text[i]) + 1;
	fwrite(object.at, 1, object.size, out);
	template_close(out, what);
	free(object.at);
	free(from);
	return path;
}

void labels_fini(struct labels *labels)
{
	for (size_t i = 0; i < labels->n; i++)
		free(labels->text[i]);
	*labels = (struct labels){.n = 0};
}
