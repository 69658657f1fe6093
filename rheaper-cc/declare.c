/* SPDX-License-Identifier: MIT */
/*
 * A kind is a signature: a letter for each argument, and one for the result.
 *
 *   Z size   N number of elements   P the block   O where the block is stored
 *   A the pool that the block is of   F jemalloc's flags, which have the number of one
 *   T the name by which jemalloc gives back all blocks of one
 *   any small letter: of no interest
 *   results: p the block   s a string in a block   i or nothing
 *
 * The usual ones have names; c: before one puts a context argument first, A: a pool.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/format.h"
#include "rheaper-cc/declare.h"
#include "rheaper-cc/symbols.h"
#include "rheaper-cc/words.h"

/* MALLOCX_ARENA: what is above is 1 + the arena's number. */
#define JEMALLOC_FLAG_BITS 20

static const struct {
	const char *name, *signature;
} kinds[] = {
	{"malloc", "(Z)p"},       {"calloc", "(NZ)p"},
	{"realloc", "(PZ)p"},     {"reallocarray", "(PNZ)p"},
	{"memalign", "(aZ)p"},    {"aligned_alloc", "(aZ)p"},
	{"alloc_align", "(Za)p"}, {"posix_memalign", "(OaZ)i"},
	{"free", "(P)"},          {"sized_free", "(PZ)"},
	{"strdup", "(s)s"},       {"strndup", "(sn)s"},
	{"lua_alloc", "(cPoZ)p"},
};

static const char *signature_of(const char *kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, kind) == 0)
			return kinds[i].signature;
	return kind;
}

/* Where an argument's letter has its place, or NULL if it is of no interest. */
static int8_t *slot(struct rhp_declared_spec *spec, char letter)
{
	switch (letter) {
	case 'Z':
		return &spec->size;
	case 'N':
		return &spec->count;
	case 'P':
		return &spec->block;
	case 'O':
		return &spec->out;
	case 'A':
	case 'F':
		return &spec->pool;
	case 'T':
		return &spec->frees_all;
	default:
		return NULL;
	}
}

static const char *parse_result(struct rhp_declared_spec *spec, const char *result)
{
	static const char *const results[] = {"", "i", "p", "s"};
	static const uint8_t gives[] = {RHP_GIVES_NOTHING, RHP_GIVES_NOTHING,
					RHP_GIVES_BLOCK, RHP_GIVES_STRING};
	size_t i = 0;

	while (i < 4 && strcmp(result, results[i]) != 0)
		i++;
	if (i == 4)
		return "the kind's result must be p, s or i";
	spec->gives = spec->out >= 0 ? RHP_GIVES_BLOCK : gives[i];
	if (spec->gives == RHP_GIVES_NOTHING && spec->block < 0 && spec->frees_all < 0)
		return "the kind neither returns nor takes a block";
	if (spec->gives == RHP_GIVES_BLOCK && spec->size < 0 && !spec->chunks &&
	    spec->pool < 0)
		return "the kind returns a block without a size";
	return NULL;
}

static const char *parse_signature(struct rhp_declared_spec *spec, const char *text,
				   int first)
{
	int n = first;

	if (*text != '(')
		return "unknown kind";
	for (text++; *text && *text != ')'; text++, n++) {
		int8_t *place = slot(spec, *text);

		if (n == RHP_DECLARED_ARGUMENTS)
			return "the kind has too many arguments";
		if (!place && !islower((unsigned char)*text))
			return "the kind has an unknown argument letter";
		if (place && *place >= 0)
			return "the kind has an argument letter twice";
		if (place)
			*place = (int8_t)n;
	}
	if (*text != ')')
		return "the kind lacks its closing parenthesis";
	return parse_result(spec, text + 1);
}

static struct declared *find(const struct declared_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->function[i].name, name) == 0)
			return &list->function[i];
	return NULL;
}

static void add(struct declared_list *list, const struct declared *function)
{
	struct declared *old = find(list, function->name);

	if (old) {
		free(old->name);
		free(old->freed_by);
		*old = *function;
		return;
	}
	if (list->n == list->max) {
		list->max = list->max ? 2 * list->max : 16;
		list->function =
			reallocarray(list->function, list->max, sizeof(*list->function));
		if (!list->function)
			exit_with(2, "out of memory");
	}
	list->function[list->n++] = *function;
}

static int is_symbol(const char *name)
{
	size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				"0123456789_$.");

	return n > 0 && name[n] == 0 && n < RHP_DECLARED_TEXT / 2 - 1 &&
	       !isdigit((unsigned char)name[0]);
}

static const char *parse_freed_by(struct declared *d, const char *name)
{
	if (!is_symbol(name))
		return "the name after freed-by= is not a symbol";
	free(d->freed_by);
	d->freed_by = strdup(name);
	if (!d->freed_by)
		exit_with(2, "out of memory");
	return NULL;
}

/* The number of an argument, from 1 on; 0: of all pools. */
static const char *parse_frees_all(struct declared *d, const char *text)
{
	if (text[0] < '0' || text[0] > '0' + RHP_DECLARED_ARGUMENTS || text[1])
		return "the number after frees-all-of= is not that of an argument";
	d->spec.frees_all =
		(int8_t)(text[0] == '0' ? RHP_DECLARED_ARGUMENTS : text[0] - '1');
	d->spec.chunks = 1;
	return NULL;
}

static const char *parse_collected(struct declared *d, const char *unused)
{
	(void)unused;
	d->family_flags |= RHP_FAMILY_COLLECTED;
	return NULL;
}

static const char *parse_chunks(struct declared *d, const char *unused)
{
	(void)unused;
	d->spec.chunks = 1;
	return NULL;
}

static const struct {
	const char *name; /* with =, a value follows */
	const char *(*parse)(struct declared *d, const char *value);
} attributes[] = {
	{"freed-by=", parse_freed_by},
	{"frees-all-of=", parse_frees_all},
	{"collected", parse_collected},
	{"chunks", parse_chunks},
};

static const char *parse_attribute(struct declared *d, const char *text)
{
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		size_t n = strlen(attributes[i].name);

		if (strncmp(text, attributes[i].name, n) == 0 &&
		    (attributes[i].name[n - 1] == '=' || !text[n]))
			return attributes[i].parse(d, text + n);
	}
	return "expected freed-by=NAME, frees-all-of=ARGUMENT, collected or chunks after "
	       "the kind";
}

/* The fields of a declaration, which it cuts up. */
static const char *parse_fields(char *text, struct declared *d)
{
	const char *name = strsep(&text, ":"), *kind = strsep(&text, ":");
	int context = kind && strcmp(kind, "c") == 0;
	int pool = kind && strcmp(kind, "A") == 0;
	const char *wrong = NULL;

	d->spec = (struct rhp_declared_spec){.magic = RHP_DECLARED_MAGIC,
					     .size = -1,
					     .count = -1,
					     .block = -1,
					     .out = -1,
					     .pool = -1,
					     .frees_all = -1};
	if (context || pool)
		kind = strsep(&text, ":");
	if (!is_symbol(name))
		return "the name is not a symbol";
	if (symbol_find(name))
		return "the function is already wrapped";
	if (!kind)
		return "the kind is missing";
	while (text && !wrong)
		wrong = parse_attribute(d, strsep(&text, ":"));
	if (pool)
		d->spec.pool = 0;
	kind = signature_of(kind);
	d->spec.pool_bits = strchr(kind, 'F') ? JEMALLOC_FLAG_BITS : 0;
	d->spec.frees_named = strchr(kind, 'T') != NULL;
	if (!wrong)
		wrong = parse_signature(&d->spec, kind, context || pool);
	if (wrong)
		return wrong;
	if (d->spec.pool >= 0 && d->spec.pool_bits == 0)
		d->spec.chunks = 1;
	d->name = strdup(name);
	if (!d->name)
		exit_with(2, "out of memory");
	return NULL;
}

static const char *parse(const char *text, struct declared *d)
{
	char *copy = strdup(text);
	const char *wrong;

	if (!copy)
		exit_with(2, "out of memory");
	wrong = parse_fields(copy, d);
	free(copy);
	if (wrong) {
		free(d->freed_by);
		d->freed_by = NULL;
	}
	return wrong;
}

static const char *add_checked(struct declared_list *list, const struct declared *d)
{
	if (list->n >= RHP_DECLARED_MAX && !find(list, d->name))
		return "too many functions are declared";
	add(list, d);
	return NULL;
}

const char *declare(struct declared_list *list, const char *text)
{
	struct declared d = {0};
	const char *wrong = parse(text, &d);

	return wrong ? wrong : add_checked(list, &d);
}

const char *declare_known(struct declared_list *list, const char *text,
			  const char *family, int is_told)
{
	struct declared d = {.family = family, .is_told = is_told};
	const char *wrong = parse(text, &d);

	if (wrong)
		return wrong;
	if (find(list, d.name)) {
		free(d.name);
		return NULL;
	}
	return add_checked(list, &d);
}

static char *join(const struct words *words)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		exit_with(2, "out of memory");
	for (size_t i = 0; i < words->n; i++)
		fprintf(stream, "%s%s", i ? ":" : "", words->word[i]);
	if (fclose(stream))
		exit_with(2, "out of memory");
	return text;
}

/* A line "NAME KIND ATTRIBUTE..." as the words of a declaration. */
static void declare_line(struct declared_list *list, char *line, const char *path,
			 unsigned int number)
{
	struct words words = {0};
	char *text = NULL;
	const char *wrong;

	line[strcspn(line, "#\r\n")] = 0;
	for (char *c = line; *c; c++)
		if (*c == '\t')
			*c = ' ';
	words_add_split(&words, line);
	if (words.n == 0)
		return;
	text = join(&words);
	wrong = declare(list, text);
	if (wrong)
		exit_with(2, "%s:%u: %s: %s", path, number, words.word[0], wrong);
	free(text);
	words_fini(&words);
}

void declare_file(struct declared_list *list, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	if (!file)
		exit_with(2, "open %s:", path);
	for (unsigned int number = 1; getline(&line, &size, file) >= 0; number++)
		declare_line(list, line, path, number);
	if (ferror(file))
		exit_with(2, "read %s:", path);
	free(line);
	fclose(file);
}

/*
 * Functions of one family may free each other's blocks. What gives blocks is of
 * the family of what frees them: malloc's if that is a function of libc, or if
 * nothing is said. What frees is of its own, if anything names it.
 */
static const char *family_of(const struct declared_list *list, const struct declared *d)
{
	const char *frees = d->freed_by ? d->freed_by : d->name;

	const struct symbol *listed = symbol_find(frees);

	if (d->family)
		return d->family;
	if (listed)
		return listed->family;
	if (d->freed_by)
		return frees;
	for (size_t i = 0; i < list->n; i++)
		if (list->function[i].freed_by &&
		    strcmp(list->function[i].freed_by, frees) == 0)
			return frees;
	return "malloc";
}

/* Whether functions that every program wraps free its blocks. */
static int is_listed_family(const char *family)
{
	for (size_t i = 0; i < n_symbols; i++)
		if (strcmp(symbols[i].family, family) == 0)
			return 1;
	return 0;
}

void declare_finish(struct declared_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		struct declared *d = &list->function[i];
		size_t n = strlen(d->name) + 1;
		const char *family = family_of(list, d);

		memcpy(d->spec.text, d->name, n);
		strcpy(d->spec.text + n, family);
		d->spec.family = d->family && !d->is_told   ? RHP_FAMILY_NONE
				 : is_listed_family(family) ? RHP_FAMILY_LISTED
							    : rhp_family(family);
		if (d->spec.family != RHP_FAMILY_NONE)
			d->spec.family |= d->family_flags << RHP_FAMILY_BITS;
		d->spec.text_size = (uint16_t)(n + strlen(d->spec.text + n) + 1);
	}
}

void declared_fini(struct declared_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->function[i].name);
		free(list->function[i].freed_by);
	}
	free(list->function);
	*list = (struct declared_list){0};
}
