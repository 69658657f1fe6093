// SPDX-License-Identifier: MIT
/*
 * A name may repeat its parts by number, and the parts theirs: a hundred bytes can stand
 * for gigabytes. So the output is taken piece by piece, and left by longjmp when there
 * is too much of it, which the demanglers allow: they keep nothing on the heap.
 */
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>

#include "common/array.h"

#include "symbols/demangle.h"

/* Of real names few become ten times as long. */
#define MAX_GROWTH 64
#define MAX_SMALL 4096
#define MAX_CONVERSIONS 8

struct output {
	char *text;
	size_t n, n_max, limit;
	jmp_buf too_much;
};

/*
 * After a conversion operator libiberty reads the arguments of a template parameter (T_I)
 * in two ways, and in each way those inside of them: each doubles the time.
 */
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
	if (rust_demangle_callback(name, DMGL_PARAMS | DMGL_ANSI, add_piece, out))
		return true;
	out->n = 0;
	return cplus_demangle_v3_callback(name, DMGL_PARAMS | DMGL_ANSI, add_piece, out);
}

const char *demangle(const char *name, char **owned)
{
	struct output out = {0};

	*owned = NULL;
	if (name[0] != '_' || (name[1] != 'Z' && name[1] != 'R') || takes_long(name))
		return name;
	out.limit = MAX_SMALL + MAX_GROWTH * strlen(name);
	if (write_demangled(&out, name) && out.n) {
		out.text[out.n] = 0;
		*owned = out.text;
		return out.text;
	}
	free(out.text);
	return name;
}

static const char *add_demangled(struct demangled *d, const char *name)
{
	char *text;

	/* Without memory there is no name but the one that is there */
	if (array_grow((void **)&d->texts, &d->n_texts_max, d->n_texts + 1,
		       sizeof(*d->texts)) ||
	    map_put(&d->numbers, (uintptr_t)name, (uint32_t)d->n_texts))
		return name;
	demangle(name, &text);
	d->texts[d->n_texts++] = text;
	return text ? text : name;
}

const char *demangled_get(struct demangled *d, const char *name)
{
	uint32_t number = map_get(&d->numbers, (uintptr_t)name);

	if (number == MAP_NONE)
		return add_demangled(d, name);
	return d->texts[number] ? d->texts[number] : name;
}

void demangled_fini(struct demangled *d)
{
	for (size_t i = 0; i < d->n_texts; i++)
		free(d->texts[i]);
	free(d->texts);
	map_fini(&d->numbers);
}
