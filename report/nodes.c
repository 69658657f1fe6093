// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "report/memory.h"

#include "report/nodes.h"

/* The first frame number of nodes that are folded; the site follows. */
#define FOLDED UINT32_C(0x80000000)

void nodes_init(struct nodes *t)
{
	*t = (struct nodes){0};
	t->nodes = memory_grow(NULL, 0, &t->n_max, sizeof(*t->nodes));
	t->n = 1;
}

uint32_t nodes_child(struct nodes *t, uint32_t parent, uint32_t frame)
{
	uint32_t node = tree_child(&t->index, parent, frame);

	if (node == MAP_NONE)
		memory_fail();
	if (node < t->n)
		return node;
	t->nodes = memory_grow(t->nodes, t->n, &t->n_max, sizeof(*t->nodes));
	t->nodes[t->n++] = (struct node){.parent = parent, .frame = frame};
	return node;
}

uint32_t nodes_folded(struct nodes *t, uint32_t parent, uint32_t site)
{
	uint32_t node = nodes_child(t, parent, FOLDED + site);

	t->nodes[node].site = site;
	return node;
}

void nodes_fini(struct nodes *t)
{
	free(t->nodes);
	tree_fini(&t->index);
}
