// SPDX-License-Identifier: MIT
/*
 * New locations are sorted by module and address: one module at a time is asked, each
 * once, whatever number of traces used it. Names have numbers, so that a stack becomes a
 * path in a call tree without its texts.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/registry.h"
#include "common/array.h"
#include "common/text.h"
#include "symbols/symbolize.h"

#include "analysis/places.h"

void places_init(struct places *p, struct registry *registry)
{
	*p = (struct places){.registry = registry};
}

void places_fini(struct places *p)
{
	names_fini(&p->functions);
	names_fini(&p->files);
	inferred_fini(&p->inferred);
	free(p->places);
	free(p->stack);
}

int places_know(struct places *p, const struct place *place, const char *function)
{
	uint32_t number = names_number(&p->functions, function);

	if (number == MAP_NONE ||
	    array_grow((void **)&p->places, &p->n_max, p->n + 2, sizeof(*p->places)))
		return -ENOMEM;
	p->places[++p->n] = *place;
	p->places[p->n].function = number;
	return 0;
}

void places_know_registry(struct places *p)
{
	p->n_locations = p->registry->n_locations;
	p->n_nodes = p->registry->n_nodes;
	p->n_stacks = p->registry->n_stacks;
}

static int compare_locations(const void *left, const void *right)
{
	const struct registry_location *a = *(struct registry_location *const *)left;
	const struct registry_location *b = *(struct registry_location *const *)right;

	if (a->module != b->module)
		return a->module < b->module ? -1 : 1;
	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return (int)a->exact - (int)b->exact;
}

static int add_place(struct places *p, struct place *place, const char *function,
		     const char *file)
{
	char *name = text_utf8(function, strlen(function));
	int error = -ENOMEM;

	place->file = file ? names_number(&p->files, file) : PLACE_NO_FILE;
	if (name && (!file || place->file != MAP_NONE))
		error = places_know(p, place, name);
	free(name);
	return error;
}

/* The places of the functions at an address of a module; the number of the first one. */
static int add_address(struct places *p, struct symbols *symbols,
		       const struct registry_location *l, bool inferred, int64_t *first,
		       uint32_t *n_places)
{
	const struct registry *r = p->registry;
	const struct symbol *found = NULL;
	char offset[256];
	size_t n = 0;
	int error = 0;

	/* A return address may be past the end of its function. */
	if (symbols)
		n = symbols_find(symbols, l->address - !l->exact, &found);
	symbol_format_offset(l->module ? r->modules[l->module - 1].path : NULL,
			     l->address, offset, sizeof(offset));
	*first = (int64_t)p->n + 1;
	*n_places = n ? (uint32_t)n : 1;
	for (uint32_t i = 0; i < *n_places && !error; i++) {
		struct place place = {
			.address = l->address,
			.exact = l->exact,
			.module = l->module,
			.inline_depth = i,
			.inferred = inferred,
			.line = n && found[i].line > 0 ? found[i].line : 0,
		};

		error = add_place(p, &place, n && found[i].name ? found[i].name : offset,
				  n ? found[i].file : NULL);
	}
	return error;
}

/* The places between a call and what it really entered. */
static int infer(struct places *p, struct symbols *symbols,
		 const struct inferred_pair *pair)
{
	const struct registry *r = p->registry;
	struct registry_location jump = r->locations[pair->outer];
	bool is_allocator = pair->inner == INFERRED_ALLOCATOR;
	uint64_t entered = 0, jumps[SYMBOLS_MAX_JUMPS];
	int64_t frames[SYMBOLS_MAX_JUMPS * SYMBOLS_MAX_INLINED], first;
	size_t n, n_frames = 0;
	uint32_t n_here;

	if (!is_allocator)
		entered = r->locations[pair->inner].address -
			  !r->locations[pair->inner].exact;
	n = symbols_find_jumps(
		symbols, jump.address, entered,
		is_allocator ? r->functions[pair->allocator - 1].name : NULL, jumps);
	while (n--) {
		jump.address = jumps[n];
		if (add_address(p, symbols, &jump, true, &first, &n_here))
			return -ENOMEM;
		for (uint32_t i = 0; i < n_here; i++)
			frames[n_frames++] = first + i;
	}
	return n_frames ? inferred_put(&p->inferred, pair, frames, n_frames) : 0;
}

/* The new locations, by module and address. NULL: out of memory. */
static struct registry_location **sort_locations(const struct places *p, size_t n)
{
	struct registry_location **sorted = calloc(n + 1, sizeof(*sorted));

	if (!sorted)
		return NULL;
	for (size_t i = 0; i < n; i++)
		sorted[i] = &p->registry->locations[p->n_locations + i];
	qsort(sorted, n, sizeof(*sorted), compare_locations);
	return sorted;
}

static uint32_t outer_module(const struct places *p, size_t pair)
{
	return p->registry->locations[p->inferred.pairs[pair].outer].module;
}

/* Pairs may be of a module that has no new location: known ones call each other anew. */
static int look_up(struct places *p, struct registry_location **sorted, size_t n,
		   places_open_fn *open, void *context)
{
	size_t n_pairs = p->inferred.n_pairs, i = 0, next = 0;
	int error = 0;

	while (!error && (i < n || next < n_pairs)) {
		struct symbols *symbols = NULL;
		uint32_t module = i < n ? sorted[i]->module : UINT32_MAX;

		if (next < n_pairs && outer_module(p, next) < module)
			module = outer_module(p, next);
		if (module)
			error = open(context, module, &symbols);
		for (; !error && i < n && sorted[i]->module == module; i++)
			error = add_address(p, symbols, sorted[i], false,
					    &sorted[i]->first_frame,
					    &sorted[i]->n_frames);
		for (; !error && next < n_pairs && outer_module(p, next) == module;
		     next++) {
			if (symbols)
				error = infer(p, symbols, &p->inferred.pairs[next]);
		}
	}
	return error;
}

int places_look_up(struct places *p, places_open_fn *open, void *context)
{
	size_t n = p->registry->n_locations - p->n_locations;
	struct registry_location **sorted = sort_locations(p, n);
	int error = sorted ? inferred_collect(&p->inferred, p->registry, p->n_nodes,
					      p->n_stacks)
			   : -ENOMEM;

	if (!error)
		error = look_up(p, sorted, n, open, context);
	if (!error)
		places_know_registry(p);
	free(sorted);
	return error;
}

static int reserve_stack(struct places *p, size_t n)
{
	if (p->n_stack + n <= p->n_stack_max) /* once for each frame of each stack */
		return 0;
	return array_grow((void **)&p->stack, &p->n_stack_max, p->n_stack + n,
			  sizeof(*p->stack));
}

static int collect_inferred(struct places *p, const struct inferred_pair *pair)
{
	const int64_t *frames;
	size_t n = inferred_get(&p->inferred, pair, &frames);

	if (n && reserve_stack(p, n))
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		p->stack[p->n_stack++] = frames[i];
	return 0;
}

int places_collect(struct places *p, const struct registry_stack *stack)
{
	const struct registry *r = p->registry;
	struct inferred_pair pair = {.inner = INFERRED_ALLOCATOR,
				     .allocator = stack->function};

	p->n_stack = 0;
	for (uint32_t node = stack->node; node; node = r->nodes[node].parent) {
		const struct registry_location *at =
			&r->locations[r->nodes[node].location];

		pair.outer = r->nodes[node].location;
		if (collect_inferred(p, &pair) || reserve_stack(p, at->n_frames))
			return -ENOMEM;
		for (uint32_t i = 0; i < at->n_frames; i++)
			p->stack[p->n_stack++] = at->first_frame + i;
		pair.inner = pair.outer;
	}
	return 0;
}
