// SPDX-License-Identifier: MIT
/*
 * A treap: a search tree by start and level, in which parents have larger priorities than
 * their children. Priorities are hashes of a counter, so no order of addresses makes the
 * tree deep.
 */
#include <errno.h>
#include <stdlib.h>

#include "common/array.h"
#include "common/map.h"

#include "analysis/ranges.h"

struct range_node {
	struct range range;
	uint64_t priority;
	uint32_t left, right;
};

static bool is_before(const struct range *r, uint64_t start, uint32_t level)
{
	return r->start < start || (r->start == start && r->level < level);
}

static bool is_at(const struct range *r, uint64_t start, uint32_t level)
{
	return r->start == start && r->level == level;
}

/* The place in the tree where the number of such a node stands, or would. */
static uint32_t *find_link(struct ranges *t, uint64_t start, uint32_t level)
{
	uint32_t *link = &t->root;

	while (*link && !is_at(&t->nodes[*link].range, start, level))
		link = is_before(&t->nodes[*link].range, start, level)
			       ? &t->nodes[*link].right
			       : &t->nodes[*link].left;
	return link;
}

static uint32_t new_node(struct ranges *t, const struct range *range)
{
	uint32_t i = t->unused;

	if (i) {
		t->unused = t->nodes[i].left;
	} else {
		if (t->n_nodes >= UINT32_MAX ||
		    array_grow((void **)&t->nodes, &t->n_nodes_max, t->n_nodes + 2,
			       sizeof(*t->nodes)))
			return 0;
		t->n_nodes += t->n_nodes == 0;
		i = (uint32_t)t->n_nodes++;
	}
	t->nodes[i] =
		(struct range_node){.range = *range, .priority = map_hash(++t->n_made)};
	return i;
}

/* Part the tree `i` into what comes before a range and what does not. */
static void split(struct ranges *t, uint32_t i, const struct range *at, uint32_t *before,
		  uint32_t *after)
{
	while (i) {
		struct range_node *node = &t->nodes[i];

		if (is_before(&node->range, at->start, at->level)) {
			*before = i;
			before = &node->right;
			i = *before;
		} else {
			*after = i;
			after = &node->left;
			i = *after;
		}
	}
	*before = *after = 0;
}

int ranges_put(struct ranges *t, const struct range *range)
{
	uint32_t *link = find_link(t, range->start, range->level), i;

	if (*link) {
		t->nodes[*link].range = *range;
		return 0;
	}
	i = new_node(t, range);
	if (!i)
		return -ENOMEM;
	link = &t->root;
	while (*link && t->nodes[*link].priority >= t->nodes[i].priority)
		link = is_before(&t->nodes[*link].range, range->start, range->level)
			       ? &t->nodes[*link].right
			       : &t->nodes[*link].left;
	split(t, *link, range, &t->nodes[i].left, &t->nodes[i].right);
	*link = i;
	return 0;
}

void ranges_take(struct ranges *t, uint64_t start, uint32_t level)
{
	uint32_t *link = find_link(t, start, level), i = *link;
	uint32_t left, right;

	if (!i)
		return;
	left = t->nodes[i].left;
	right = t->nodes[i].right;
	while (left && right) {
		if (t->nodes[left].priority >= t->nodes[right].priority) {
			*link = left;
			link = &t->nodes[left].right;
			left = *link;
		} else {
			*link = right;
			link = &t->nodes[right].left;
			right = *link;
		}
	}
	*link = left ? left : right;
	t->nodes[i].left = t->unused;
	t->unused = i;
}

const struct range *ranges_up_to(const struct ranges *t, uint64_t start, uint32_t level)
{
	const struct range *found = NULL;

	for (uint32_t i = t->root; i;) {
		const struct range_node *node = &t->nodes[i];

		if (is_before(&node->range, start, level) ||
		    is_at(&node->range, start, level)) {
			found = &node->range;
			i = node->right;
		} else {
			i = node->left;
		}
	}
	return found;
}

const struct range *ranges_from(const struct ranges *t, uint64_t start, uint32_t level)
{
	const struct range *found = NULL;

	for (uint32_t i = t->root; i;) {
		const struct range_node *node = &t->nodes[i];

		if (is_before(&node->range, start, level)) {
			i = node->right;
		} else {
			found = &node->range;
			i = node->left;
		}
	}
	return found;
}

void ranges_fini(struct ranges *t)
{
	free(t->nodes);
	*t = (struct ranges){0};
}
