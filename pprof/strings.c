// SPDX-License-Identifier: MIT
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"

#include "pprof/strings.h"

struct string {
	const char *text;
	int64_t number;
	char copy[];
};

static int compare(const void *left, const void *right)
{
	const struct string *a = left, *b = right;

	return strcmp(a->text, b->text);
}

int64_t strings_number(struct strings *strings, const char *text, bool *is_new)
{
	const struct string wanted = {.text = text};
	struct string **found = tfind(&wanted, &strings->tree, compare), *string;
	size_t size = strlen(text) + 1;

	*is_new = !found;
	if (found)
		return (*found)->number;
	string = malloc(sizeof(*string) + size);
	if (!string)
		die("write the profile: out of memory");
	memcpy(string->copy, text, size);
	string->text = string->copy;
	string->number = strings->n++;
	if (!tsearch(string, &strings->tree, compare))
		die("write the profile: out of memory");
	return string->number;
}

void strings_fini(struct strings *strings)
{
	tdestroy(strings->tree, free);
}
