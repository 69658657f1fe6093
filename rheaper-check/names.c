// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "rheaper-check/arena.h"
#include "rheaper-load/signature.h"

#include "rheaper-check/names.h"

#define MAX_NAME 1024

const char *names_plain(struct arena *arena, const char *sym)
{
	char plain[MAX_NAME];
	size_t n;

	if (signature_is_startup(sym))
		return "";
	n = signature_name(sym, plain, sizeof(plain));
	while (n > 0 && plain[n - 1] == ' ')
		n--;
	return arena_printable(arena, arena_text_n(arena, plain, n));
}

const char *names_key(struct arena *arena, const char *program,
		      const char *const *functions, size_t n)
{
	const char *counted[NAMES_MAX_FRAMES];
	size_t n_counted = 0, size = strlen(program);
	char *key, *end;

	for (size_t i = 0; i < n && n_counted < NAMES_MAX_FRAMES; i++) {
		const char *name = functions[i];

		if (name[0] == 0 ||
		    (n_counted > 0 && strcmp(counted[n_counted - 1], name) == 0))
			continue;
		counted[n_counted++] = name;
		size += 1 + strlen(name);
		if (strcmp(name, "main") == 0)
			break;
	}
	key = arena_take(arena, size + 1);
	end = stpcpy(key, program);
	for (size_t i = 0; i < n_counted; i++) {
		*end++ = '\n';
		end = stpcpy(end, counted[i]);
	}
	return key;
}

size_t names_program(const char *key)
{
	return strcspn(key, "\n");
}

/* The next line of a text, and its length; NULL: there is none. */
static const char *next_line(const char *line, size_t *length)
{
	line += *length;
	if (*line == 0)
		return NULL;
	line++;
	*length = strcspn(line, "\n");
	return line;
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* How many lines of `few` stand in `many` in their order, from the first on. */
static bool is_part(const char *few, const char *many)
{
	size_t a_length = names_program(few), b_length = names_program(many);
	const char *b = many;

	for (const char *a = few; (a = next_line(a, &a_length));) {
		do {
			b = next_line(b, &b_length);
		} while (b && (a_length != b_length || memcmp(a, b, a_length) != 0));
		if (!b)
			return false;
	}
	return true;
}

bool names_related(const char *a, const char *b)
{
	size_t n_a = count_lines(a), n_b = count_lines(b), program = names_program(a);

	if (program != names_program(b) || memcmp(a, b, program) != 0)
		return false;
	if (n_a > n_b)
		return 2 * n_b >= n_a && is_part(b, a);
	return n_a < n_b && 2 * n_a >= n_b && is_part(a, b);
}
