// SPDX-License-Identifier: MIT
/*
 * Stacks of one call site differ in what is outside of their owner, so few chains serve
 * many stacks: a chain is a path in a tree of functions, and its text is made once.
 */
#include <stdlib.h>

#include "analysis/owner.h"
#include "analysis/tree.h"
#include "common/array.h"
#include "common/cli.h"
#include "common/map.h"
#include "database/rows.h"
#include "database/store.h"

#include "loading/stack-owners.h"

struct stack_owners {
	struct store *store;
	struct owners *owners;
	double *blocks, *bytes; /* by stack */
	size_t n_totals, n_added;
	struct tree tree;  /* allocator, function, function, ... */
	struct map chains; /* node of it -> number of the chain */
	uint32_t n_chains;
};

static _Noreturn void die_of_memory(void)
{
	die("find the owners of stacks: out of memory");
}

static void read_totals(struct stack_owners *s)
{
	struct rows *rows = store_select_totals(s->store);
	struct store_total row;

	while (rows_next(rows, &row)) {
		if (row.stack < 0 || row.stack >= (int64_t)s->n_totals)
			continue;
		s->blocks[row.stack] += row.allocations;
		s->bytes[row.stack] += row.allocated_bytes;
	}
	rows_close(rows);
}

struct stack_owners *stack_owners_new(struct store *store,
				      const struct owner_settings *settings,
				      size_t n_stacks)
{
	struct stack_owners *s = calloc(1, sizeof(*s));

	if (!s)
		die_of_memory();
	s->store = store;
	s->owners = owners_new(settings->wrappers, settings->n_wrappers);
	s->n_totals = n_stacks;
	s->blocks = calloc(n_stacks + 1, sizeof(*s->blocks));
	s->bytes = calloc(n_stacks + 1, sizeof(*s->bytes));
	if (!s->owners || !s->blocks || !s->bytes)
		die_of_memory();
	read_totals(s);
	return s;
}

void stack_owners_free(struct stack_owners *s)
{
	owners_free(s->owners);
	tree_fini(&s->tree);
	map_fini(&s->chains);
	free(s->blocks);
	free(s->bytes);
	free(s);
}

void stack_owners_add_frame(struct stack_owners *s, const struct owner_frame *frame)
{
	if (owners_add_frame(s->owners, frame))
		die_of_memory();
}

void stack_owners_add_stack(struct stack_owners *s, const int64_t *frames, size_t n)
{
	size_t stack = s->n_added++;

	if (owners_add_stack(s->owners, frames, n, s->blocks[stack], s->bytes[stack]))
		die_of_memory();
}

void stack_owners_find(struct stack_owners *s, const char *const *names, size_t n_names)
{
	if (owners_find(s->owners))
		die_of_memory();
	store_forget_owners(s->store);
	for (size_t i = 0; i < n_names; i++) {
		enum owner_found found = owners_wrapper(s->owners, (uint32_t)i);

		if (found != OWNER_NO_WRAPPER)
			store_wrapper(s->store, names[i],
				      found == OWNER_BY_NAME ? "name" : "rule");
	}
}

static uint32_t step(struct stack_owners *s, uint32_t node, uint32_t name)
{
	node = tree_child(&s->tree, node, name);
	if (node == MAP_NONE)
		die_of_memory();
	return node;
}

/* The number of a chain, which is written if it is new. */
static uint32_t number_chain(struct stack_owners *s, int64_t allocator_number,
			     const char *allocator, const uint32_t *links, size_t n,
			     const char *const *names)
{
	const char *link_names[OWNER_MAX_LINKS];
	char text[OWNER_CHAIN_SIZE];
	uint32_t node = step(s, 0, (uint32_t)allocator_number), number;

	for (size_t i = 0; i < n; i++) {
		link_names[i] = names[links[i]];
		node = step(s, node, links[i]);
	}
	number = map_get(&s->chains, node);
	if (number != MAP_NONE)
		return number;
	number = ++s->n_chains;
	if (map_put(&s->chains, node, number))
		die_of_memory();
	owners_format_chain(allocator, link_names, n, text);
	store_owner_chain(s->store, number, text);
	return number;
}

void stack_owners_set(struct stack_owners *s, const char *allocator,
		      const int64_t *frames, const char *const *names,
		      struct stack_row *row)
{
	uint32_t links[OWNER_MAX_LINKS];
	size_t frame_no = owners_frame_no(s->owners, (size_t)row->stack);
	size_t n = row->depth ? owners_links(s->owners, frames, frame_no, links) : 0;

	row->owner_frame_no = (int64_t)frame_no;
	row->owner_chain = number_chain(s, row->allocator, allocator, links, n, names);
}
