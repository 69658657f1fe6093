// SPDX-License-Identifier: MIT
/*
 * What rheaper-load does when a trace has ended, done again and again: the registry takes
 * over the stacks, places.c looks up their frames, owner.c finds the wrappers. Registry
 * and places only grow. What came to the registry too early, before the record that it
 * needs, stays there as a stack that nobody has.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analysis/catalog.h"
#include "analysis/owner.h"
#include "common/array.h"
#include "symbols/symbol-files.h"
#include "symbols/symbolize.h"

#include "following/stacks.h"

#define MORE_STACKS 1.25
#define MORE_BLOCKS 2

struct opened {
	struct symbols *symbols; /* NULL: there are none */
	bool tried;
};

int stacks_init(struct stacks *s, struct catalog *catalog, uint32_t max_depth,
		const struct stack_settings *settings)
{
	*s = (struct stacks){
		.catalog = catalog, .max_depth = max_depth, .settings = *settings};
	places_init(&s->places, &s->registry);
	return registry_init(&s->registry);
}

void stacks_close_symbols(struct stacks *s)
{
	for (size_t i = 0; i < s->n_opened; i++) {
		symbols_close(s->opened[i].symbols);
		s->opened[i] = (struct opened){NULL, false};
	}
}

void stacks_fini(struct stacks *s)
{
	stacks_close_symbols(s);
	free(s->opened);
	places_fini(&s->places);
	owners_free(s->owners);
	free(s->blocks);
	free(s->bytes);
	registry_fini(&s->registry);
}

/* Symbols stay open: the next stacks come soon. */
static int open_symbols(void *context, uint32_t module, struct symbols **symbols)
{
	struct stacks *s = context;
	const struct registry_module *m = &s->registry.modules[module - 1];
	struct opened *opened;

	if (array_grow((void **)&s->opened, &s->n_opened, (size_t)module + 1,
		       sizeof(*s->opened)))
		return -ENOMEM;
	opened = &s->opened[module];
	if (!opened->tried && s->settings.symbols &&
	    symbols_open(&opened->symbols, s->settings.symbols, m->path, m->build_id,
			 m->build_id_size) < 0)
		return -ENOMEM;
	opened->tried = true;
	*symbols = opened->symbols;
	return 0;
}

/* The place of a node in the registry depends on its module, whose record may come later:
 * then all nodes are taken over again. */
static int take_stacks(struct stacks *s)
{
	struct catalog *c = s->catalog;

	if (c->n_modules != s->n_modules) {
		for (size_t i = 0; i < c->n_nodes; i++)
			c->nodes[i].shared = 0;
		s->n_modules = c->n_modules;
	}
	return registry_take(&s->registry, c, s->max_depth);
}

static int count_blocks(struct stacks *s, double *all)
{
	const struct catalog *c = s->catalog;
	size_t n = s->registry.n_stacks;

	*all = 0;
	if (array_grow((void **)&s->blocks, &s->n_blocks_max, n, sizeof(*s->blocks)) ||
	    array_grow((void **)&s->bytes, &s->n_bytes_max, n, sizeof(*s->bytes)))
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		s->blocks[i] = s->bytes[i] = 0;
	for (size_t i = 0; i < c->n_stacks; i++) {
		/* Whole numbers, as a database has them */
		s->blocks[c->stacks[i].number] += round(c->stacks[i].allocations);
		s->bytes[c->stacks[i].number] += round(c->stacks[i].bytes);
		*all += c->stacks[i].allocations;
	}
	return 0;
}

static int add_places(struct stacks *s)
{
	while (s->n_places_known < s->places.n) {
		const struct place *p = &s->places.places[++s->n_places_known];
		struct owner_frame frame = {
			.function = p->function,
			.name = s->places.functions.texts[p->function],
			.module = p->module,
			.module_path = p->module ? s->registry.modules[p->module - 1].path
						 : NULL,
			.line = p->line,
		};

		if (owners_add_frame(s->owners, &frame))
			return -ENOMEM;
	}
	return 0;
}

static int add_stacks(struct stacks *s)
{
	for (; s->n_stacks_known < s->registry.n_stacks; s->n_stacks_known++) {
		size_t i = s->n_stacks_known;

		if (places_collect(&s->places, &s->registry.stacks[i]) ||
		    owners_add_stack(s->owners, s->places.stack, s->places.n_stack,
				     s->blocks[i], s->bytes[i]))
			return -ENOMEM;
	}
	return 0;
}

static int begin_owners(struct stacks *s)
{
	owners_free(s->owners);
	s->owners = owners_new(s->settings.wrappers, s->settings.n_wrappers);
	s->n_places_known = s->n_stacks_known = 0;
	return s->owners ? 0 : -ENOMEM;
}

int stacks_update(struct stacks *s, bool over)
{
	double blocks;
	bool anew;

	if (take_stacks(s) || places_look_up(&s->places, open_symbols, s) ||
	    count_blocks(s, &blocks))
		return -ENOMEM;
	anew = over || !s->owners ||
	       (double)s->registry.n_stacks >= MORE_STACKS * (double)s->n_stacks_found ||
	       blocks >= MORE_BLOCKS * s->blocks_found;
	if ((anew && begin_owners(s)) || add_places(s) || add_stacks(s))
		return -ENOMEM;
	if (!anew)
		return 0;
	s->n_stacks_found = s->registry.n_stacks;
	s->blocks_found = blocks;
	s->round++;
	return owners_find(s->owners);
}

int stacks_collect(struct stacks *s, uint32_t stack, size_t *owner)
{
	*owner = owners_frame_no(s->owners, stack);
	return places_collect(&s->places, &s->registry.stacks[stack]);
}

void stacks_format_chain(const struct stacks *s, uint32_t stack, size_t owner, char *text)
{
	uint32_t links[OWNER_MAX_LINKS];
	const char *names[OWNER_MAX_LINKS];
	const struct places *p = &s->places;
	size_t n = p->n_stack ? owners_links(s->owners, p->stack, owner, links) : 0;

	for (size_t i = 0; i < n; i++)
		names[i] = p->functions.texts[links[i]];
	owners_format_chain(stacks_allocator(s, stack), names, n, text);
}

const char *stacks_allocator(const struct stacks *s, uint32_t stack)
{
	uint32_t function = s->registry.stacks[stack].function;

	return function ? s->registry.functions[function - 1].name : NULL;
}
