// SPDX-License-Identifier: MIT
/*
 * libiberty's reader of these names takes a time that doubles with every few bytes of
 * some names, for where a function's type may follow a name it tries that, and what else
 * may stand there, at each depth anew; and its output is on the heap, without a limit. So
 * this reads them here, once: types are passed over, back references to types are not
 * followed, and what was found out about the place of a function's type is kept.
 *
 * A reader of a part returns the place behind it, or NULL. The grammar is that of the
 * language's ABI, with what older compilers wrote (a template with its length in front).
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/d-name.h"

#define MAX_LENGTH 4096 /* real ones have up to 600 bytes */
#define MAX_DEPTH 128

enum {
	NOT_TRIED,
	FAILED,
	FIRST_END
};

struct reader {
	const char *name, *end;
	/* For each place: where the parameters of a function's type that begins there
	 * end, FIRST_END and more, from `name`. */
	uint16_t *functions;
	unsigned depth;
	/* NULL: only passed over */
	void (*add)(const char *piece, size_t n, void *context);
	void *context;
	bool is_first; /* no part of the name was written */
};

static const char *read_type(struct reader *r, const char *at);
static const char *read_qualified(struct reader *r, const char *at);
static const char *read_mangled(struct reader *r, const char *at);

static const char *read_number(const char *at, size_t *number)
{
	if (!isdigit((unsigned char)*at))
		return NULL;
	for (*number = 0; isdigit((unsigned char)*at); at++) {
		*number = *number * 10 + (size_t)(*at - '0');
		if (*number > MAX_LENGTH)
			return NULL;
	}
	return at;
}

static const char *skip_digits(const char *at)
{
	const char *end = at + strspn(at, "0123456789");
	return end > at ? end : NULL;
}

/* Q and how far back, to the base of 26, the last digit in lower case. */
static const char *read_back(const struct reader *r, const char *at, const char **target)
{
	const char *from = at++;
	size_t back = 0;

	for (; *at >= 'A' && *at <= 'Z' && back <= MAX_LENGTH; at++)
		back = back * 26 + (size_t)(*at - 'A');
	if (*at < 'a' || *at > 'z')
		return NULL;
	back = back * 26 + (size_t)(*at - 'a');
	if (back == 0 || back > (size_t)(from - r->name))
		return NULL;
	*target = from - back;
	return at + 1;
}

static bool begins_template(const char *at)
{
	return at[0] == '_' && at[1] == '_' && (at[2] == 'T' || at[2] == 'U');
}

static bool begins_symbol(const struct reader *r, const char *at)
{
	const char *target;

	if (*at == 'Q')
		return read_back(r, at, &target) && isdigit((unsigned char)*target);
	return isdigit((unsigned char)*at) || begins_template(at);
}

/* One part of the name, behind a point. */
static void write_part(struct reader *r, const char *text, size_t n)
{
	static const char *const own[][2] = {
		{"__ctor", "this"}, {"__dtor", "~this"}, {"__postblit", "this(this)"}};

	if (!r->add)
		return;
	if (!r->is_first)
		r->add(".", 1, r->context);
	r->is_first = false;
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++) {
		if (n == strlen(own[i][0]) && memcmp(text, own[i][0], n) == 0) {
			r->add(own[i][1], strlen(own[i][1]), r->context);
			return;
		}
	}
	r->add(text, n, r->context);
}

/* __S and a number: tells functions of one name in one function apart. */
static bool is_made_up(const char *text, size_t n)
{
	return n > 3 && memcmp(text, "__S", 3) == 0 &&
	       strspn(text + 3, "0123456789") >= n - 3;
}

/* A length, and so many bytes. */
static const char *read_identifier(struct reader *r, const char *at)
{
	size_t n;

	at = read_number(at, &n);
	if (!at || n > (size_t)(r->end - at))
		return NULL;
	if (n > 0 && !is_made_up(at, n))
		write_part(r, at, n);
	return at + n;
}

/* The same, or a reference to it. */
static const char *read_simple(struct reader *r, const char *at)
{
	const char *target;

	if (*at != 'Q')
		return read_identifier(r, at);
	at = read_back(r, at, &target);
	return at && read_identifier(r, target) ? at : NULL;
}

static const char *read_hex(const char *at)
{
	return at + strspn(at, "0123456789ABCDEF");
}

/* NAN, INF, NINF, or digits to the base of 16, P and an exponent. */
static const char *read_float(const char *at)
{
	if (strncmp(at, "NAN", 3) == 0 || strncmp(at, "INF", 3) == 0)
		return at + 3;
	if (strncmp(at, "NINF", 4) == 0)
		return at + 4;
	at = read_hex(at + (*at == 'N'));
	return *at == 'P' ? skip_digits(at + 1 + (at[1] == 'N')) : NULL;
}

static const char *read_text(const struct reader *r, const char *at)
{
	size_t n;

	at = read_number(at + 1, &n);
	return at && *at == '_' && 2 * n <= (size_t)(r->end - at - 1) ? at + 1 + 2 * n
								      : NULL;
}

static const char *read_value(struct reader *r, const char *at, bool in_pairs);

static const char *read_values(struct reader *r, const char *at, bool in_pairs)
{
	size_t n = 0;

	at = read_number(at + 1, &n);
	for (n = in_pairs ? 2 * n : n; at && n > 0; n--)
		at = read_value(r, at, false);
	return at;
}

static const char *read_some_value(struct reader *r, const char *at, bool in_pairs)
{
	switch (*at) {
	case 'n':
		return at + 1;
	case 'i':
	case 'N':
		return skip_digits(at + 1);
	case 'e':
		return read_float(at + 1);
	case 'c':
		at = read_float(at + 1);
		return at && *at == 'c' ? read_float(at + 1) : NULL;
	case 'a':
	case 'w':
	case 'd':
		return read_text(r, at);
	case 'A':
	case 'S':
		return read_values(r, at, in_pairs && *at == 'A');
	case 'f':
		return read_mangled(r, at + 1);
	default:
		return skip_digits(at);
	}
}

static const char *read_value(struct reader *r, const char *at, bool in_pairs)
{
	if (r->depth >= MAX_DEPTH)
		return NULL;
	r->depth++;
	at = read_some_value(r, at, in_pairs);
	r->depth--;
	return at;
}

/* A symbol; older compilers put the length of its mangled name in front. */
static const char *read_symbol_argument(struct reader *r, const char *at)
{
	const char *own = at + strspn(at, "0123456789");

	if (strncmp(own, "_D", 2) == 0)
		return read_mangled(r, own);
	return begins_symbol(r, at) ? read_qualified(r, at) : NULL;
}

static const char *read_argument(struct reader *r, const char *at)
{
	bool in_pairs;
	size_t n;

	at += *at == 'H';
	switch (*at) {
	case 'T':
		return read_type(r, at + 1);
	case 'V':
		in_pairs = at[1] == 'H';
		at = read_type(r, at + 1);
		return at ? read_value(r, at, in_pairs) : NULL;
	case 'S':
		return read_symbol_argument(r, at + 1);
	case 'X':
		at = read_number(at + 1, &n);
		return at && n <= (size_t)(r->end - at) ? at + n : NULL;
	default:
		return NULL;
	}
}

/* __T, the template's name, its arguments, Z. */
static const char *read_template(struct reader *r, const char *at)
{
	void (*add)(const char *, size_t, void *) = r->add;

	at = read_simple(r, at + 3);
	r->add = NULL;
	while (at && *at != 'Z')
		at = read_argument(r, at);
	r->add = add;
	return at ? at + 1 : NULL;
}

/* Older compilers put the length of a template in front. */
static const char *read_symbol(struct reader *r, const char *at)
{
	const char *own = at + strspn(at, "0123456789");
	size_t n;

	if (!begins_template(own))
		return read_simple(r, at);
	if (own == at)
		return read_template(r, at);
	if (!read_number(at, &n))
		return NULL;
	at = read_template(r, own);
	return at && (size_t)(at - own) == n ? at : NULL;
}

/* Type modifiers of `this`. */
static const char *skip_modifiers(const char *at)
{
	for (;;) {
		if (*at == 'x' || *at == 'y' || *at == 'O')
			at++;
		else if (at[0] == 'N' && at[1] == 'g')
			at += 2;
		else
			return at;
	}
}

static bool begins_function(const char *at)
{
	return *at && strchr("FUWVRY", *at);
}

static const char *skip_attributes(const char *at)
{
	while (at[0] == 'N' && at[1] && strchr("abcdefijlm", at[1]))
		at += 2;
	return at;
}

static const char *skip_storage(const char *at)
{
	for (;;) {
		if (*at && strchr("MIJKL", *at))
			at++;
		else if (at[0] == 'N' && at[1] == 'k')
			at += 2;
		else
			return at;
	}
}

static const char *read_parameters(struct reader *r, const char *at)
{
	while (at && *at != 'X' && *at != 'Y' && *at != 'Z')
		at = *at ? read_type(r, skip_storage(at)) : NULL;
	return at ? at + 1 : NULL;
}

/* A function's type without the type of its result. */
static const char *read_function(struct reader *r, const char *at)
{
	uint16_t *known = &r->functions[at - r->name];
	void (*add)(const char *, size_t, void *) = r->add;
	const char *behind;

	if (*known != NOT_TRIED)
		return *known == FAILED ? NULL : r->name + (*known - FIRST_END);
	if (r->depth >= MAX_DEPTH)
		return NULL;
	r->depth++;
	r->add = NULL;
	behind = read_parameters(r, skip_attributes(at + 1));
	r->add = add;
	r->depth--;
	*known = behind ? (uint16_t)(FIRST_END + (behind - r->name)) : FAILED;
	return behind;
}

/* The type of a function that another symbol lies in: `at` itself if none is there. */
static const char *read_inner(struct reader *r, const char *at)
{
	const char *type = *at == 'M' ? skip_modifiers(at + 1) : at;
	const char *behind = begins_function(type) ? read_function(r, type) : NULL;

	return behind && begins_symbol(r, behind) ? behind : at;
}

/* Symbols, one in the other. */
static const char *read_qualified(struct reader *r, const char *at)
{
	do {
		at = read_symbol(r, at);
		if (at)
			at = read_inner(r, at);
	} while (at && begins_symbol(r, at));
	return at;
}

static const char *read_function_type(struct reader *r, const char *at)
{
	at = begins_function(at) ? read_function(r, at) : NULL;
	return at ? read_type(r, at) : NULL;
}

static const char *read_some_type(struct reader *r, const char *at)
{
	const char *target;

	switch (*at) {
	case 'A':
	case 'P':
	case 'x':
	case 'y':
	case 'O':
		return read_type(r, at + 1);
	case 'N':
		if (at[1] == 'n')
			return at + 2;
		return at[1] == 'g' || at[1] == 'h' ? read_type(r, at + 2) : NULL;
	case 'G':
		at = skip_digits(at + 1);
		return at ? read_type(r, at) : NULL;
	case 'H':
		at = read_type(r, at + 1);
		return at ? read_type(r, at) : NULL;
	case 'D':
		at = skip_modifiers(at + 1);
		return *at == 'Q' ? read_back(r, at, &target) : read_function_type(r, at);
	case 'B':
		return read_parameters(r, at + 1);
	case 'C':
	case 'S':
	case 'E':
	case 'T':
	case 'I':
		return begins_symbol(r, at + 1) ? read_qualified(r, at + 1) : NULL;
	case 'Q':
		return read_back(r, at, &target);
	case 'z':
		return at[1] == 'i' || at[1] == 'k' ? at + 2 : NULL;
	default:
		if (begins_function(at))
			return read_function_type(r, at);
		return *at && strchr("vghstiklmfdeopjqrcbauwn", *at) ? at + 1 : NULL;
	}
}

static const char *read_type(struct reader *r, const char *at)
{
	void (*add)(const char *, size_t, void *) = r->add;

	if (r->depth >= MAX_DEPTH)
		return NULL;
	r->depth++;
	r->add = NULL;
	at = read_some_type(r, at);
	r->add = add;
	r->depth--;
	return at;
}

/* What a compiler put behind the name of a part of a function. */
static bool write_clone(struct reader *r, const char *at)
{
	if (*at == '\0')
		return true;
	if (*at != '.')
		return false;
	r->add(" [clone ", 8, r->context);
	r->add(at, strlen(at), r->context);
	r->add("]", 1, r->context);
	return true;
}

/* _D, symbols, and a type; or Z where the compiler made up something that has none. */
static const char *read_mangled(struct reader *r, const char *at)
{
	if (strncmp(at, "_D", 2) != 0 || !begins_symbol(r, at + 2))
		return NULL;
	at = read_qualified(r, at + 2);
	if (!at || *at == 'Z')
		return at ? at + 1 : NULL;
	return read_type(r, *at == 'M' ? skip_modifiers(at + 1) : at);
}

bool d_name_write(const char *name,
		  void (*add)(const char *piece, size_t n, void *context), void *context)
{
	size_t length = strlen(name);
	const char *at;
	uint16_t functions[MAX_LENGTH + 1];
	struct reader r = {.name = name,
			   .end = name + length,
			   .functions = functions,
			   .add = add,
			   .context = context,
			   .is_first = true};

	if (length > MAX_LENGTH)
		return false;
	if (strcmp(name, "_Dmain") == 0) {
		add("D main", 6, context);
		return true;
	}
	memset(functions, 0, (length + 1) * sizeof(*functions));
	at = read_mangled(&r, name);
	return at && write_clone(&r, at);
}
