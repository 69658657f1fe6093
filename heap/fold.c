// SPDX-License-Identifier: MIT
/* In the order of the tree a dominator has its group before the nodes below need it. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "common/array.h"
#include "common/map.h"

#include "heap/dominators.h"
#include "heap/graph.h"

#include "heap/fold.h"

#define AHEAD 16 /* nodes whose facts are fetched before they are needed */

struct folding {
	struct heap_fold *fold;
	size_t n_max;        /* room for groups */
	struct map children; /* group above and site -> group */
};

/* Group 0 has no site, so the way up may end there. */
static uint32_t find_above(const struct heap_fold *fold, uint32_t group, uint32_t site)
{
	for (int i = 0; i < HEAP_FOLD_REACH && group != 0; i++) {
		if (fold->groups[group].site == site)
			return group;
		group = fold->groups[group].parent;
	}
	return HEAP_NONE;
}

/* Returns HEAP_NONE if memory runs out. */
static uint32_t add_group(struct folding *folding, uint32_t parent, uint32_t site)
{
	struct heap_fold *fold = folding->fold;

	if (array_reserve((void **)&fold->groups, &folding->n_max,
			  (size_t)fold->n_groups + 1, sizeof(*fold->groups)))
		return HEAP_NONE;
	fold->groups[fold->n_groups] =
		(struct heap_group){.parent = parent, .site = site};
	return fold->n_groups++;
}

static uint32_t find_group(struct folding *folding, uint32_t above, uint32_t site)
{
	uint64_t key = (uint64_t)above << 32 | site;
	uint32_t group = find_above(folding->fold, above, site);

	if (group == HEAP_NONE)
		group = map_get(&folding->children, key);
	if (group != HEAP_NONE)
		return group;
	if (folding->fold->n_groups == HEAP_FOLD_MAX) {
		folding->fold->n_unfolded++;
		return above;
	}
	group = add_group(folding, above, site);
	if (group != HEAP_NONE && map_put(&folding->children, key, group))
		return HEAP_NONE;
	return group;
}

static int place(struct folding *folding, const struct heap_tree *tree,
		 const uint32_t *sites)
{
	uint32_t *group = folding->fold->group;

	group[0] = add_group(folding, HEAP_NONE, HEAP_NONE);
	if (group[0] == HEAP_NONE)
		return -ENOMEM;
	for (uint32_t i = 1; i < tree->n_nodes; i++) {
		uint32_t v = tree->order[i];

		if (i + AHEAD < tree->n_nodes) {
			__builtin_prefetch(&tree->dominator[tree->order[i + AHEAD]]);
			__builtin_prefetch(&sites[tree->order[i + AHEAD]]);
			__builtin_prefetch(&group[tree->order[i + AHEAD]], 1);
		}
		group[v] = find_group(folding, group[tree->dominator[v]], sites[v]);
		if (group[v] == HEAP_NONE)
			return -ENOMEM;
	}
	return 0;
}

static void sum_up(struct heap_fold *fold, const struct heap_graph *graph,
		   const uint64_t *sizes)
{
	for (uint32_t v = 0; v < graph->n_nodes; v++) {
		if (fold->group[v] == HEAP_NONE)
			continue;
		fold->groups[fold->group[v]].bytes += sizes[v];
		fold->groups[fold->group[v]].blocks += v > 0 && v <= graph->n_blocks;
	}
	for (uint32_t i = fold->n_groups; i-- > 0;) {
		struct heap_group *group = &fold->groups[i];

		group->retained_bytes += group->bytes;
		group->retained_blocks += group->blocks;
		if (i == 0)
			break;
		fold->groups[group->parent].retained_bytes += group->retained_bytes;
		fold->groups[group->parent].retained_blocks += group->retained_blocks;
	}
}

int heap_fold(const struct heap_graph *graph, const struct heap_tree *tree,
	      const uint64_t *sizes, const uint32_t *sites, struct heap_fold *fold)
{
	struct folding folding = {.fold = fold};
	int error;

	*fold = (struct heap_fold){0};
	fold->group = reallocarray(NULL, graph->n_nodes, sizeof(*fold->group));
	if (!fold->group)
		return -ENOMEM;
	for (uint32_t v = 0; v < graph->n_nodes; v++)
		fold->group[v] = HEAP_NONE;
	error = place(&folding, tree, sites);
	map_fini(&folding.children);
	if (!error)
		sum_up(fold, graph, sizes);
	return error;
}

void heap_fold_fini(struct heap_fold *fold)
{
	free(fold->groups);
	free(fold->group);
	*fold = (struct heap_fold){0};
}
