// SPDX-License-Identifier: MIT
/*
 * A name may repeat its parts by number, and the parts theirs: a hundred bytes can stand
 * for gigabytes. So the output is taken piece by piece, and left by longjmp when there
 * is too much of it, which the demanglers allow: they keep nothing on the heap.
 *
 * Such a name is then written without what makes it long: libiberty's tree of a mangled
 * name is no larger than the name, and in it template arguments and parameters are
 * single branches. What is left is what a signature has of the whole name.
 */
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>

#include "common/array.h"
#include "symbols/d-name.h"
#include "symbols/local-name.h"
#include "symbols/rust-name.h"

#include "symbols/demangle.h"

/* Of real names few become ten times as long. */
#define MAX_GROWTH 64
#define MAX_SMALL 4096
#define MAX_CONVERSIONS 8
/* More components than any real name has outside of brackets: a tree has no more than its
 * name has bytes, but branches may be shared. */
#define MAX_CUTS 1000
/* The longest name in which numbers of local names are looked for, and the bytes that are
 * written for that: what may be a number takes as long as the name does. */
#define MAX_NUMBERED 4096
#define MAX_LOOKED_AT ((size_t)1 << 20)

struct output {
	char *text;
	size_t n, n_max, limit;
	jmp_buf too_much;
};

/* Some conversion operators of templates double libiberty's time each. */
static bool takes_long(const char *name)
{
	int n = 0;

	if (!strstr(name, "cv"))
		return false;
	for (const char *at = name; (at = strchr(at, 'T'));) {
		at++;
		at += strspn(at, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		n += at[0] == '_' && at[1] == 'I';
	}
	return n > MAX_CONVERSIONS;
}

static void add_piece(const char *piece, size_t n, void *context)
{
	struct output *out = context;

	if (n > out->limit - out->n ||
	    array_grow((void **)&out->text, &out->n_max, out->n + n + 1, 1))
		longjmp(out->too_much, 1);
	memcpy(out->text + out->n, piece, n);
	out->n += n;
}

/* *out is the caller's, and not of the function that setjmp returns to twice. */
static bool write_demangled(struct output *out, const char *name)
{
	if (setjmp(out->too_much))
		return false;
	if (name[1] == 'D')
		return d_name_write(name, add_piece, out);
	if (rust_demangle_callback(name, DMGL_PARAMS | DMGL_ANSI, add_piece, out))
		return true;
	out->n = 0;
	return cplus_demangle_v3_callback(name, DMGL_PARAMS | DMGL_ANSI, add_piece, out);
}

/* What stands for template arguments, and for no parameters. */
struct cutter {
	struct demangle_component dots, arguments, no_parameters;
	int n_left;
};

static struct demangle_component *cut(struct cutter *c, struct demangle_component *name);

static void cut_branches(struct cutter *c, struct demangle_component *name)
{
	name->u.s_binary.left = cut(c, name->u.s_binary.left);
	name->u.s_binary.right = cut(c, name->u.s_binary.right);
}

/* Takes template arguments and parameters off a tree; what becomes its root. */
static struct demangle_component *cut(struct cutter *c, struct demangle_component *name)
{
	if (!name || c->n_left-- <= 0)
		return name;
	switch (name->type) {
	case DEMANGLE_COMPONENT_TYPED_NAME: /* a function and its type */
	case DEMANGLE_COMPONENT_CONST_THIS:
	case DEMANGLE_COMPONENT_VOLATILE_THIS:
	case DEMANGLE_COMPONENT_REFERENCE_THIS:
	case DEMANGLE_COMPONENT_RVALUE_REFERENCE_THIS:
		return cut(c, name->u.s_binary.left);
	case DEMANGLE_COMPONENT_TEMPLATE:
		name->u.s_binary.left = cut(c, name->u.s_binary.left);
		name->u.s_binary.right = &c->arguments;
		return name;
	case DEMANGLE_COMPONENT_QUAL_NAME:
	case DEMANGLE_COMPONENT_LOCAL_NAME:
		cut_branches(c, name);
		return name;
	case DEMANGLE_COMPONENT_TAGGED_NAME:
	case DEMANGLE_COMPONENT_CLONE:
	case DEMANGLE_COMPONENT_THUNK:
	case DEMANGLE_COMPONENT_VIRTUAL_THUNK:
	case DEMANGLE_COMPONENT_COVARIANT_THUNK:
	case DEMANGLE_COMPONENT_CONVERSION: /* to a type */
	case DEMANGLE_COMPONENT_CONST:
	case DEMANGLE_COMPONENT_POINTER:
	case DEMANGLE_COMPONENT_REFERENCE:
		name->u.s_binary.left = cut(c, name->u.s_binary.left);
		return name;
	case DEMANGLE_COMPONENT_LAMBDA:
		name->u.s_unary_num.sub = &c->no_parameters;
		return name;
	default:
		return name;
	}
}

static bool write_cut(struct output *out, struct demangle_component *tree)
{
	out->n = 0;
	return !setjmp(out->too_much) &&
	       cplus_demangle_print_callback(DMGL_PARAMS | DMGL_ANSI, tree, add_piece,
					     out);
}

/* Writes "ns::f<...>" for the name of a function of C++. */
static bool cut_demangled(struct output *out, const char *name)
{
	static const char dots[] = "\xe2\x80\xa6"; /* as in short names */
	struct cutter c = {
		.arguments.type = DEMANGLE_COMPONENT_TEMPLATE_ARGLIST,
		.arguments.u.s_binary.left = &c.dots,
		.no_parameters.type = DEMANGLE_COMPONENT_ARGLIST,
		.n_left = MAX_CUTS,
	};
	void *memory = NULL;
	struct demangle_component *tree;
	bool written;

	cplus_demangle_fill_name(&c.dots, dots, sizeof(dots) - 1);
	tree = cplus_demangle_v3_components(name, DMGL_PARAMS | DMGL_ANSI, &memory);
	written = tree && write_cut(out, cut(&c, tree));
	free(memory);
	return written;
}

/* The demangled name, which the caller frees; NULL: it is none, or too long. */
static char *whole(const char *name)
{
	struct output out = {.limit = MAX_SMALL + MAX_GROWTH * strlen(name)};

	if (write_demangled(&out, name) && out.n) {
		out.text[out.n] = 0;
		return out.text;
	}
	free(out.text);
	return NULL;
}

/* Whether a name means the same without what may be a number. */
static bool is_number(const char *name, const char *plain,
		      const struct local_number *number)
{
	char *without = local_name_without(name, number);
	char *text = without ? whole(without) : NULL;
	bool is_same = text && strcmp(text, plain) == 0;

	free(text);
	free(without);
	return is_same;
}

/* The mangled name with a tag instead of a number, which the caller frees, or NULL. A
 * part of a name may end as a nested name does. */
static char *tag_number(const char *name, const char *plain,
			const struct local_number *number)
{
	for (int is_nested = 1; is_nested >= 0; is_nested--) {
		char *tagged = local_name_tagged(name, number, is_nested);
		char *text = tagged ? whole(tagged) : NULL;
		bool fits = text && local_name_shorten(text, plain);

		free(text);
		if (fits)
			return tagged;
		free(tagged);
	}
	return NULL;
}

/* The mangled name with tags, which the caller frees; NULL: it has no numbers. */
static char *tag_numbers(const char *name, const char *plain)
{
	struct local_number number = {.at = strlen(name)};
	size_t n_left = MAX_LOOKED_AT / (strlen(name) + strlen(plain));
	char *tagged = NULL;

	while (n_left-- > 0 && local_name_previous(name, &number)) {
		char *next;

		if (!is_number(name, plain, &number))
			continue;
		next = tag_number(tagged ? tagged : name, plain, &number);
		if (!next)
			continue;
		free(tagged);
		tagged = next;
	}
	return tagged;
}

/* Writes the numbers of local names into what a name became. */
static char *number_locals(const char *name, char *plain)
{
	char *tagged, *text = NULL;

	if (strncmp(name, "_Z", 2) != 0 || !strchr(name + 2, 'Z') ||
	    strlen(name) > MAX_NUMBERED)
		return plain;
	tagged = tag_numbers(name, plain);
	if (tagged)
		text = whole(tagged);
	free(tagged);
	if (!text || !local_name_shorten(text, plain)) {
		free(text);
		return plain;
	}
	free(plain);
	return text;
}

const char *demangle(const char *name, char **owned)
{
	struct output out = {0};

	*owned = NULL;
	if (name[0] != '_' || !strchr("ZRD", name[1]) || takes_long(name))
		return name;
	*owned = whole(name);
	if (*owned)
		return *owned = number_locals(name, *owned);
	out.limit = MAX_SMALL + MAX_GROWTH * strlen(name);
	if (name[1] != 'D' && cut_demangled(&out, name) && out.n) {
		out.text[out.n] = 0;
		return *owned = out.text;
	}
	free(out.text);
	return name;
}

static const char *add_demangled(struct demangled *d, const char *name, const char *given)
{
	char *text, *joined;

	/* Without memory there is no name but the one that is there */
	if (array_grow((void **)&d->texts, &d->n_texts_max, d->n_texts + 1,
		       sizeof(*d->texts)) ||
	    map_put(&d->numbers, (uintptr_t)name, (uint32_t)d->n_texts))
		return name;
	demangle(name, &text);
	joined = text && given ? rust_name_join(name, text, given) : NULL;
	if (joined) {
		free(text);
		text = joined;
	}
	d->texts[d->n_texts++] = text;
	return text ? text : name;
}

const char *demangled_get(struct demangled *d, const char *name, const char *given)
{
	uint32_t number = map_get(&d->numbers, (uintptr_t)name);

	if (number == MAP_NONE)
		return add_demangled(d, name, given);
	return d->texts[number] ? d->texts[number] : name;
}

void demangled_fini(struct demangled *d)
{
	for (size_t i = 0; i < d->n_texts; i++)
		free(d->texts[i]);
	free(d->texts);
	map_fini(&d->numbers);
}
