// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/local-name.h"

#define MAX_DIGITS 6

static const char written[] = "[abi:#"; /* a tag, demangled */
static const char shown[] = "[#";

/* The length of "_0" to "_9" or "__10_" and so on; 0: that is not what stands there. */
static size_t number_length(const char *at)
{
	size_t n;

	if (at[0] != '_')
		return 0;
	if (isdigit((unsigned char)at[1]))
		return 2;
	n = at[1] == '_' ? strspn(at + 2, "0123456789") : 0;
	return n > 0 && n <= MAX_DIGITS && at[2 + n] == '_' ? n + 3 : 0;
}

bool local_name_previous(const char *name, struct local_number *number)
{
	while (number->at > 1) {
		number->at--;
		number->length = number_length(name + number->at);
		if (number->length)
			return true;
	}
	return false;
}

static char *replace(const char *name, size_t at, size_t n, const char *text)
{
	size_t size = strlen(name) - n + strlen(text) + 1;
	char *copy = malloc(size);

	if (copy)
		snprintf(copy, size, "%.*s%s%s", (int)at, name, text, name + at + n);
	return copy;
}

char *local_name_without(const char *name, const struct local_number *number)
{
	return replace(name, number->at, number->length, "");
}

/* N...E_0, or 1L_0 */
char *local_name_tagged(const char *name, const struct local_number *number,
			bool is_nested)
{
	size_t at = number->at, n = number->length;
	long given = n == 2 ? name[at + 1] - '0' : atol(name + at + 2); /* _0, __10_ */
	char text[24], tag[sizeof(text) + 8];

	if (is_nested && name[at - 1] != 'E')
		return NULL;
	snprintf(text, sizeof(text), "#%ld", given + 2);
	snprintf(tag, sizeof(tag), "B%zu%s%s", strlen(text), text, is_nested ? "E" : "");
	return replace(name, at - is_nested, n + is_nested, tag);
}

static size_t tag_length(const char *at)
{
	size_t n = sizeof(written) - 1;

	if (strncmp(at, written, n) != 0)
		return 0;
	n += strspn(at + n, "0123456789");
	return at[n] == ']' ? n + 1 : 0;
}

static bool is_same_untagged(const char *demangled, const char *untagged)
{
	while (*demangled) {
		size_t tag = tag_length(demangled);

		if (tag)
			demangled += tag;
		else if (*demangled++ != *untagged++)
			return false;
	}
	return *untagged == 0;
}

bool local_name_shorten(char *demangled, const char *untagged)
{
	char *end = demangled;

	if (!is_same_untagged(demangled, untagged))
		return false;
	while (*demangled) {
		if (tag_length(demangled)) {
			end = stpcpy(end, shown);
			demangled += sizeof(written) - 1;
		} else {
			*end++ = *demangled++;
		}
	}
	*end = 0;
	return true;
}
