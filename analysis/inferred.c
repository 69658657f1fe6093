// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "analysis/registry.h"
#include "common/array.h"

#include "analysis/inferred.h"

void inferred_fini(struct inferred *f)
{
	map_fini(&f->numbers);
	free(f->lists);
	free(f->frames);
	free(f->pairs);
	free(f->has_lists);
}

static uint64_t key_of(const struct inferred_pair *pair)
{
	uint32_t inner = pair->inner == INFERRED_ALLOCATOR ? pair->allocator | 1u << 31
							   : pair->inner;

	return (uint64_t)pair->outer << 32 | inner;
}

static int add_pair(struct inferred *f, const struct inferred_pair *pair)
{
	uint64_t key = key_of(pair);

	if (map_get(&f->numbers, key) != MAP_NONE)
		return 0;
	if (map_put(&f->numbers, key, 0) ||
	    array_grow((void **)&f->pairs, &f->n_pairs_max, f->n_pairs + 1,
		       sizeof(*f->pairs)))
		return -ENOMEM;
	f->pairs[f->n_pairs++] = *pair;
	return 0;
}

static int collect_node(struct inferred *f, const struct registry *r,
			const struct registry_node *node)
{
	uint32_t outer = node->parent ? r->nodes[node->parent].location : 0;
	struct inferred_pair pair = {.outer = outer, .inner = node->location};

	if (!node->parent || r->locations[outer].exact || !r->locations[outer].module ||
	    r->locations[outer].module != r->locations[node->location].module)
		return 0;
	return add_pair(f, &pair);
}

static int collect_stack(struct inferred *f, const struct registry *r,
			 const struct registry_stack *stack)
{
	uint32_t outer = stack->node ? r->nodes[stack->node].location : 0;
	struct inferred_pair pair = {.outer = outer,
				     .inner = INFERRED_ALLOCATOR,
				     .allocator = stack->function};

	if (!stack->node || !stack->function || r->locations[outer].exact ||
	    !r->locations[outer].module)
		return 0;
	return add_pair(f, &pair);
}

static int compare_pairs(const void *left, const void *right, void *context)
{
	const struct inferred_pair *a = left, *b = right;
	const struct registry *r = context;
	uint32_t a_module = r->locations[a->outer].module;
	uint32_t b_module = r->locations[b->outer].module;
	uint64_t a_key = key_of(a), b_key = key_of(b);

	if (a_module != b_module)
		return a_module < b_module ? -1 : 1;
	return a_key < b_key ? -1 : a_key > b_key;
}

int inferred_collect(struct inferred *f, const struct registry *r, size_t first_node,
		     size_t first_stack)
{
	f->n_pairs = 0;
	for (size_t i = first_node; i < r->n_nodes; i++) {
		if (collect_node(f, r, &r->nodes[i]))
			return -ENOMEM;
	}
	for (size_t i = first_stack; i < r->n_stacks; i++) {
		if (collect_stack(f, r, &r->stacks[i]))
			return -ENOMEM;
	}
	if (f->n_pairs)
		qsort_r(f->pairs, f->n_pairs, sizeof(*f->pairs), compare_pairs,
			(void *)r);
	return 0;
}

int inferred_put(struct inferred *f, const struct inferred_pair *pair,
		 const int64_t *frames, size_t n)
{
	if (array_grow((void **)&f->lists, &f->n_lists_max, f->n_lists + 1,
		       sizeof(*f->lists)) ||
	    array_grow((void **)&f->frames, &f->n_frames_max, f->n_frames + n,
		       sizeof(*f->frames)) ||
	    array_grow((void **)&f->has_lists, &f->n_has_lists, (size_t)pair->outer + 1,
		       sizeof(*f->has_lists)) ||
	    map_put(&f->numbers, key_of(pair), (uint32_t)f->n_lists + 1))
		return -ENOMEM;
	f->has_lists[pair->outer] = true;
	f->lists[f->n_lists++] = (struct inferred_list){f->n_frames, (uint32_t)n};
	for (size_t i = 0; i < n; i++)
		f->frames[f->n_frames++] = frames[i];
	return 0;
}

size_t inferred_get(const struct inferred *f, const struct inferred_pair *pair,
		    const int64_t **frames)
{
	uint32_t number;

	/* Asked for each frame of each stack, and seldom so */
	if (pair->outer >= f->n_has_lists || !f->has_lists[pair->outer])
		return 0;
	number = map_get(&f->numbers, key_of(pair));
	if (number == MAP_NONE || number == 0)
		return 0;
	*frames = f->frames + f->lists[number - 1].first;
	return f->lists[number - 1].n;
}
