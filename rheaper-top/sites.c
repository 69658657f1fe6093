// SPDX-License-Identifier: MIT
/*
 * Every update adds up all stacks anew: there are thousands at most, where events are
 * millions. The owner of a stack is looked up once, until wrappers are found anew. Its
 * blocks may then move to another row, so what the last view had is kept by stack.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/catalog.h"
#include "analysis/owner.h"
#include "common/array.h"
#include "common/path.h"
#include "common/text.h"
#include "symbols/short-name.h"

#include "rheaper-top/sites.h"

#define SITE_UNKNOWN 0
#define SITE_UNSAMPLED 1
#define ARROW " \xe2\x86\x90 "

static int add_site(struct sites *s, const struct site *site, uint32_t *id)
{
	struct row *row;

	if (array_grow((void **)&s->sites, &s->n_sites_max, s->rows.n + 1,
		       sizeof(*s->sites)))
		return -ENOMEM;
	row = rows_add(&s->rows);
	if (!row)
		return -ENOMEM;
	s->sites[row->id] = *site;
	*id = row->id;
	return 0;
}

int sites_init(struct sites *s, struct catalog *catalog, uint32_t max_depth,
	       const struct stack_settings *settings, bool full_names)
{
	static const char *const names[] = {
		[SITE_UNKNOWN] = "[unknown]", [SITE_UNSAMPLED] = "[stack not taken]"};
	uint32_t id;

	*s = (struct sites){.full_names = full_names};
	if (stacks_init(&s->stacks, catalog, max_depth, settings))
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (add_site(s, &(struct site){0}, &id))
			return -ENOMEM;
		s->sites[id].name = strdup(names[i]);
		if (!s->sites[id].name)
			return -ENOMEM;
	}
	return 0;
}

void sites_fini(struct sites *s)
{
	for (size_t i = 0; i < s->rows.n; i++)
		free(s->sites[i].name);
	free(s->sites);
	free(s->of_stack);
	free(s->before);
	free(s->text);
	rows_fini(&s->rows);
	names_fini(&s->modules);
	tree_fini(&s->keys);
	map_fini(&s->by_key);
	stacks_fini(&s->stacks);
}

static const struct place *get_place(const struct sites *s, int64_t number)
{
	return &s->stacks.places.places[number];
}

static const char *get_function(const struct sites *s, const struct place *place)
{
	return s->stacks.places.functions.texts[place->function];
}

static const char *get_file(const struct sites *s, const struct place *place)
{
	return place->file == PLACE_NO_FILE ? NULL
					    : s->stacks.places.files.texts[place->file];
}

static const char *get_module(const struct sites *s, const struct place *place)
{
	return place->module ? s->stacks.registry.modules[place->module - 1].path : NULL;
}

/* Modules are told apart by their paths, as in the columns of the database. */
static int find_key(struct sites *s, const struct place *place, uint32_t *key)
{
	const char *path = get_module(s, place);
	uint32_t steps[] = {place->function, place->file, (uint32_t)place->line,
			    names_number(&s->modules, path ? path : "")};

	*key = 0;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		*key = tree_child(&s->keys, *key, steps[i]);
		if (*key == MAP_NONE)
			return -ENOMEM;
	}
	return 0;
}

/* The site of a place, which may be new. */
static int find_site(struct sites *s, int64_t place, uint32_t *id)
{
	uint32_t key;

	if (find_key(s, get_place(s, place), &key))
		return -ENOMEM;
	*id = map_get(&s->by_key, key);
	if (*id != MAP_NONE)
		return 0;
	if (add_site(s, &(struct site){.place = place}, id))
		return -ENOMEM;
	return map_put(&s->by_key, key, *id);
}

/* The site of a stack of the registry. */
static int place_stack(struct sites *s, uint32_t stack)
{
	struct stacks *k = &s->stacks;
	size_t owner;

	if (stacks_collect(k, stack, &owner))
		return -ENOMEM;
	if (k->places.n_stack)
		return find_site(s, k->places.stack[owner], &s->of_stack[stack]);
	s->of_stack[stack] = k->registry.stacks[stack].flags & STACK_UNSAMPLED
				     ? SITE_UNSAMPLED
				     : SITE_UNKNOWN;
	return 0;
}

static int place_stacks(struct sites *s)
{
	size_t n = s->stacks.registry.n_stacks;

	if (array_grow((void **)&s->of_stack, &s->n_of_stack_max, n,
		       sizeof(*s->of_stack)))
		return -ENOMEM;
	if (s->round != s->stacks.round)
		s->n_of_stack = 0;
	s->round = s->stacks.round;
	for (; s->n_of_stack < n; s->n_of_stack++) {
		if (place_stack(s, (uint32_t)s->n_of_stack))
			return -ENOMEM;
	}
	return 0;
}

static void clear(struct sites *s)
{
	for (size_t i = 0; i < s->rows.n; i++) {
		s->sites[i].temporary = 0;
		s->sites[i].stack = 0;
		s->rows.rows[i].allocations_before = 0;
		memset(s->rows.rows[i].figures, 0, sizeof(s->rows.rows[i].figures));
	}
}

static bool is_heavier(const struct catalog_stack *a, const struct catalog_stack *b)
{
	if (a->live_bytes != b->live_bytes)
		return a->live_bytes > b->live_bytes;
	return a->allocations > b->allocations;
}

static void add_stack(struct sites *s, size_t stack)
{
	const struct catalog *c = s->stacks.catalog;
	const struct catalog_stack *from = &c->stacks[stack];
	uint32_t id = s->of_stack[from->number];
	struct site *site = &s->sites[id];
	struct row *row = &s->rows.rows[id];

	row->figures[FIGURE_LIVE_BYTES] += from->live_bytes;
	row->figures[FIGURE_LIVE_BLOCKS] += from->live_blocks;
	row->figures[FIGURE_BYTES] += from->bytes;
	row->figures[FIGURE_ALLOCATIONS] += from->allocations;
	row->allocations_before += s->before[stack];
	s->before[stack] = from->allocations;
	site->temporary += from->temporary;
	if (site->stack == 0 || is_heavier(from, &c->stacks[site->stack]))
		site->stack = (uint32_t)stack;
}

int sites_update(struct sites *s, double seconds, bool over)
{
	const struct catalog *c = s->stacks.catalog;

	if (stacks_update(&s->stacks, over) || place_stacks(s) ||
	    array_grow((void **)&s->before, &s->n_before, c->n_stacks + 1,
		       sizeof(*s->before)))
		return -ENOMEM;
	clear(s);
	for (size_t i = 0; i < c->n_stacks; i++)
		add_stack(s, i);
	for (size_t i = 0; i < s->rows.n; i++)
		row_finish(&s->rows.rows[i], s->sites[i].temporary, seconds);
	return 0;
}

/* Write "ways function file:line", without control characters, for the caller to free. */
static char *make_name(const struct sites *s, const struct place *place, const char *way,
		       size_t n_way)
{
	const char *function = get_function(s, place), *file = get_file(s, place);
	const char *inferred = place->inferred ? " [inferred]" : "";
	char name[SHORT_NAME_SIZE], *text = NULL, *utf8, *printable;
	int n;

	if (!s->full_names) {
		short_name(function, name, sizeof(name));
		function = name;
	}
	if (file && place->line > 0)
		n = asprintf(&text, "%.*s%s%s %s:%lld", (int)n_way, way, function,
			     inferred, path_base(file), (long long)place->line);
	else
		n = asprintf(&text, "%.*s%s%s", (int)n_way, way, function, inferred);
	if (n < 0)
		return NULL;
	utf8 = text_utf8(text, strlen(text));
	printable = utf8 ? text_printable(utf8) : NULL;
	free(utf8);
	free(text);
	return printable;
}

const char *sites_name(struct sites *s, uint32_t id)
{
	struct site *site = &s->sites[id];

	if (!site->name)
		site->name = make_name(s, get_place(s, site->place), "", 0);
	return site->name;
}

/* Collects the heaviest stack of a site, and writes the way to its owner. */
static int find_chain(struct sites *s, uint32_t id, char *chain)
{
	const struct catalog_stack *heaviest =
		&s->stacks.catalog->stacks[s->sites[id].stack];
	size_t owner;

	if (stacks_collect(&s->stacks, heaviest->number, &owner))
		return -ENOMEM;
	stacks_format_chain(&s->stacks, heaviest->number, owner, chain);
	return 0;
}

/* The length of a chain up to its last name: 0 if that is all between it and the
 * allocator. */
static size_t way_length(const char *chain)
{
	const char *at = strstr(chain, ARROW), *last = at, *next;

	while (last && (next = strstr(last + 1, ARROW)) != NULL)
		last = next;
	return last == at ? 0 : (size_t)(last - chain) + strlen(ARROW);
}

const char *sites_way(struct sites *s, uint32_t id)
{
	const struct site *site = &s->sites[id];
	char chain[OWNER_CHAIN_SIZE] = "";
	size_t n;

	if (site->place && !s->full_names && find_chain(s, id, chain))
		return NULL;
	n = way_length(chain);
	if (n == 0)
		return sites_name(s, id);
	free(s->text);
	s->text = make_name(s, get_place(s, site->place), chain, n);
	return s->text;
}

int sites_facts(struct sites *s, uint32_t id, struct site_facts *facts)
{
	const struct site *site = &s->sites[id];
	const struct place *place = site->place ? get_place(s, site->place) : NULL;
	char chain[OWNER_CHAIN_SIZE], name[SHORT_NAME_SIZE];

	*facts = (struct site_facts){0};
	if (!place)
		return 0;
	if (find_chain(s, id, chain))
		return -ENOMEM;
	short_name(get_function(s, place), name, sizeof(name));
	*facts = (struct site_facts){
		.short_name = strdup(name),
		.chain = strdup(chain),
		.function = get_function(s, place),
		.file = get_file(s, place),
		.module_path = get_module(s, place),
		.line = place->line,
	};
	return facts->short_name && facts->chain ? 0 : -ENOMEM;
}

void site_facts_fini(struct site_facts *facts)
{
	free(facts->short_name);
	free(facts->chain);
}

static int take_text(const char *text, int (*take)(void *context, const char *text),
		     void *context)
{
	char *printable = text_printable(text);
	int result = printable ? take(context, printable) : -ENOMEM;

	free(printable);
	return result;
}

static int take_frames(struct sites *s, int (*take)(void *context, const char *text),
		       void *context)
{
	const struct places *p = &s->stacks.places;
	int result = 0;

	for (size_t i = 0; i < p->n_stack && result == 0; i++) {
		char *text = make_name(s, get_place(s, p->stack[i]), "", 0);

		result = text ? take(context, text) : -ENOMEM;
		free(text);
	}
	return result;
}

int sites_stack(struct sites *s, uint32_t id,
		int (*take)(void *context, const char *text), void *context)
{
	uint32_t stack = s->stacks.catalog->stacks[s->sites[id].stack].number;
	const char *way = sites_way(s, id);
	const char *allocator = stacks_allocator(&s->stacks, stack);
	int result = way ? 0 : -ENOMEM;
	size_t owner;

	if (result == 0 && way != s->sites[id].name) {
		result = take(context, way);
		if (result == 0)
			result = take(context, "");
	}
	if (result == 0)
		result = stacks_collect(&s->stacks, stack, &owner);
	if (result == 0 && stack)
		result = take_text(allocator ? allocator : "[unknown function]", take,
				   context);
	return result ? result : take_frames(s, take, context);
}
