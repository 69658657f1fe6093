// SPDX-License-Identifier: MIT
/*
 * Stacks share their outer frames, so they are kept as a tree: a node is a location
 * and the node that called it, and equal stacks end in the same node. A node of a
 * trace knows its node here, so a stack is walked only up to where another one was.
 */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/catalog.h"
#include "common/array.h"
#include "symbols/demangle.h"

#include "analysis/registry.h"

#define MAX_DEPTH 4096 /* of a stack, whatever the trace says */

#define GROW(registry, what)                                                             \
	array_grow((void **)&(registry)->what, &(registry)->n_##what##_max,              \
		   (registry)->n_##what + 1, sizeof(*(registry)->what))

/* A name in one of the search trees. */
struct known_name {
	uint32_t number;
	size_t size;
	char bytes[];
};

int registry_init(struct registry *l)
{
	*l = (struct registry){0};
	if (GROW(l, nodes) || GROW(l, stacks))
		return -ENOMEM;
	l->n_nodes = l->n_stacks = 1;
	l->stacks[0].flags = STACK_INCOMPLETE;
	return 0;
}

void registry_fini(struct registry *l)
{
	for (size_t i = 0; i < l->n_modules; i++) {
		free(l->modules[i].path);
		free(l->modules[i].build_id);
	}
	for (size_t i = 0; i < l->n_functions; i++) {
		free(l->functions[i].name);
		free(l->functions[i].family);
	}
	tdestroy(l->module_tree, free);
	tdestroy(l->function_tree, free);
	free(l->modules);
	free(l->functions);
	free(l->locations);
	free(l->nodes);
	free(l->stacks);
	map_fini(&l->pages);
	map_fini(&l->location_map);
	tree_fini(&l->tree);
	map_fini(&l->stack_map);
}

static int compare_entries(const void *left, const void *right)
{
	const struct known_name *a = left, *b = right;

	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	return memcmp(a->bytes, b->bytes, a->size);
}

/* The number of a name of two parts, `next` if it is new. 0: out of memory. */
static uint32_t find_entry(void **tree, uint32_t next, const void *first, size_t n_first,
			   const void *second, size_t n_second)
{
	struct known_name *entry = malloc(sizeof(*entry) + n_first + n_second + 1);
	struct known_name **found;
	uint32_t number;

	if (!entry)
		return 0;
	*entry = (struct known_name){.number = next, .size = n_first + n_second};
	memcpy(entry->bytes, first, n_first);
	memcpy(entry->bytes + n_first, second, n_second);
	found = tsearch(entry, tree, compare_entries);
	number = found ? (*found)->number : 0;
	if (!found || *found != entry)
		free(entry);
	return number;
}

int registry_module(struct registry *l, const char *path, const uint8_t *build_id,
		    size_t build_id_size, uint32_t *number)
{
	uint32_t next = (uint32_t)l->n_modules + 1;
	struct registry_module *m;

	*number = build_id_size
			  ? find_entry(&l->module_tree, next, "#", 1, build_id,
				       build_id_size)
			  : find_entry(&l->module_tree, next, "/", 1, path, strlen(path));
	if (*number == 0)
		return -ENOMEM;
	if (*number < next)
		return 0;
	if (GROW(l, modules))
		return -ENOMEM;
	m = &l->modules[l->n_modules++];
	m->path = strdup(path);
	m->build_id = malloc(build_id_size + 1);
	if (!m->path || !m->build_id)
		return -ENOMEM;
	memcpy(m->build_id, build_id, build_id_size);
	m->build_id_size = build_id_size;
	return 0;
}

int registry_function(struct registry *l, const char *name, const char *family,
		      uint32_t *number)
{
	uint32_t next = (uint32_t)l->n_functions + 1;
	struct registry_function *f;

	*number = find_entry(&l->function_tree, next, name, strlen(name) + 1, family,
			     strlen(family));
	if (*number == 0)
		return -ENOMEM;
	if (*number < next)
		return 0;
	if (GROW(l, functions))
		return -ENOMEM;
	f = &l->functions[l->n_functions++];
	f->name = strdup(name);
	f->family = strdup(family);
	return f->name && f->family ? 0 : -ENOMEM;
}

/* A number for a key, `next` if it is new; MAP_NONE: out of memory. */
static uint32_t number_key(struct map *map, uint64_t key, size_t next)
{
	uint32_t number = map_get(map, key);

	if (number != MAP_NONE)
		return number;
	if (next >= MAP_NONE || map_put(map, key, (uint32_t)next))
		return MAP_NONE;
	return (uint32_t)next;
}

int registry_location(struct registry *l, const struct registry_location *location,
		      uint32_t *index)
{
	/* Module and address do not fit into one key: pages of 2^31 bytes get numbers. */
	uint64_t high = location->address >> 31;
	uint32_t page = number_key(&l->pages, (uint64_t)location->module << 33 | high,
				   l->pages.n_used);

	if (page == MAP_NONE)
		return -ENOMEM;
	*index = number_key(&l->location_map,
			    (uint64_t)page << 32 | (location->address & 0x7fffffff) << 1 |
				    location->exact,
			    l->n_locations);
	if (*index < l->n_locations)
		return 0;
	if (*index == MAP_NONE || GROW(l, locations))
		return -ENOMEM;
	l->locations[l->n_locations++] = *location;
	return 0;
}

int registry_node(struct registry *l, uint32_t parent, uint32_t location, uint32_t *node)
{
	*node = tree_child(&l->tree, parent, location);
	if (*node < l->n_nodes)
		return 0;
	if (*node == MAP_NONE || GROW(l, nodes))
		return -ENOMEM;
	l->nodes[l->n_nodes++] = (struct registry_node){
		.parent = parent,
		.location = location,
		.depth = parent ? l->nodes[parent].depth + 1 : 1,
	};
	return 0;
}

int registry_stack(struct registry *l, const struct registry_stack *stack,
		   uint32_t *number)
{
	uint64_t key = (uint64_t)stack->node << 32 | (stack->function & 0xfffffff) << 4 |
		       stack->flags;

	*number = number_key(&l->stack_map, key, l->n_stacks);
	if (*number < l->n_stacks)
		return 0;
	if (*number == MAP_NONE || GROW(l, stacks))
		return -ENOMEM;
	l->stacks[l->n_stacks++] = *stack;
	return 0;
}

static int take_names(struct registry *l, struct catalog *c)
{
	int error = 0;

	for (size_t i = 0; i < c->n_modules && !error; i++) {
		struct catalog_module *m = &c->modules[i];

		error = registry_module(l, m->path, m->build_id, m->build_id_size,
					&m->shared);
	}
	for (size_t i = 0; i < c->n_functions && !error; i++) {
		struct catalog_function *f = &c->functions[i];
		char *owned;

		error = registry_function(l, demangle(f->name, &owned), f->family,
					  &f->shared);
		free(owned);
	}
	return error;
}

/* The node of the trace if it is a frame, or NULL. */
static struct catalog_node *get_frame(const struct catalog *c, uint32_t id)
{
	if (id == 0 || id >= c->n_nodes || c->nodes[id].code != RHP_FRAME)
		return NULL;
	return &c->nodes[id];
}

static int take_location(struct registry *l, const struct catalog *c,
			 const struct catalog_node *node, uint32_t *index)
{
	const struct catalog_module *m = catalog_module(c, node->module);
	struct registry_location location = {
		.address = node->address - (m ? m->bias : 0),
		.module = m ? m->shared : 0,
		.exact = node->flags & RHP_NODE_EXACT_PC,
	};

	return registry_location(l, &location, index);
}

/*
 * The chain of frames from `id` outwards. One that does not end within max_depth, or
 * not at all (a hostile trace), is cut there, and its nodes are not remembered: they
 * lie elsewhere in other stacks.
 */
static int take_chain(struct registry *l, struct catalog *c, uint32_t id,
		      uint32_t max_depth, uint32_t *shared, bool *cut)
{
	struct catalog_node *chain[MAX_DEPTH];
	struct catalog_node *node;
	uint32_t n = 0, index;

	*shared = 0;
	for (; n < max_depth && (node = get_frame(c, id)); id = node->parent) {
		if (node->shared && l->nodes[node->shared].depth + n <= max_depth) {
			*shared = node->shared;
			id = 0;
			break;
		}
		chain[n++] = node;
	}
	*cut = id != 0;
	while (n > 0) {
		node = chain[--n];
		if (take_location(l, c, node, &index) ||
		    registry_node(l, *shared, index, shared))
			return -ENOMEM;
		if (!*cut)
			node->shared = *shared;
	}
	return 0;
}

static int take_stack(struct registry *l, struct catalog *c, struct catalog_stack *stack,
		      uint32_t max_depth)
{
	const struct catalog_node *call = &c->nodes[stack->node];
	const struct catalog_function *function;
	struct registry_stack made = {.flags = STACK_DAMAGED | STACK_INCOMPLETE};
	bool cut;

	if (call->code == RHP_CALL) {
		function = catalog_function(c, call->address);
		made.function = function ? function->shared : 0;
		if (take_chain(l, c, call->parent, max_depth, &made.node, &cut))
			return -ENOMEM;
		made.flags = cut ? STACK_DAMAGED | STACK_INCOMPLETE : 0;
		if (call->flags & RHP_NODE_TRUNCATED)
			made.flags |= STACK_TRUNCATED;
		if (call->flags & RHP_NODE_INCOMPLETE)
			made.flags |= STACK_INCOMPLETE;
		if (call->flags & RHP_NODE_UNSAMPLED)
			made.flags |= STACK_UNSAMPLED;
	}
	return registry_stack(l, &made, &stack->number);
}

int registry_take(struct registry *l, struct catalog *c, uint32_t max_depth)
{
	int error = take_names(l, c);

	if (max_depth == 0 || max_depth > MAX_DEPTH)
		max_depth = MAX_DEPTH;
	for (size_t i = 1; i < c->n_stacks && !error; i++)
		error = take_stack(l, c, &c->stacks[i], max_depth);
	return error;
}
