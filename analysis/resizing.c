// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "common/array.h"

#include "analysis/resizing.h"

/* The index of one that is not used, and 1; or 0. */
static uint32_t new_pending(struct resizing *r)
{
	uint32_t number = r->unused;

	if (number) {
		r->unused = r->pendings[number - 1].below;
		return number;
	}
	if (array_grow((void **)&r->pendings, &r->n_pendings_max, r->n_pendings + 1,
		       sizeof(*r->pendings)))
		return 0;
	return (uint32_t)++r->n_pendings;
}

struct pending *resizing_push(struct resizing *r, uint64_t key)
{
	uint32_t number = new_pending(r), top = map_get(&r->tops, key);

	if (!number || map_put(&r->tops, key, number))
		return NULL;
	r->pendings[number - 1] = (struct pending){.below = top == MAP_NONE ? 0 : top};
	return &r->pendings[number - 1];
}

bool resizing_pop(struct resizing *r, uint64_t key, struct pending *pending)
{
	uint32_t top = map_get(&r->tops, key);
	struct pending *slot;

	*pending = (struct pending){0};
	if (top == MAP_NONE || top == 0)
		return false;
	slot = &r->pendings[top - 1];
	*pending = *slot;
	map_put(&r->tops, key, slot->below); /* the key is there */
	slot->block.address = 0;
	slot->below = r->unused;
	r->unused = top;
	return true;
}

const struct pending *resizing_next(struct resizing *r)
{
	while (r->next < r->n_pendings)
		if (r->pendings[r->next++].block.address != 0)
			return &r->pendings[r->next - 1];
	return NULL;
}

void resizing_fini(struct resizing *r)
{
	map_fini(&r->tops);
	free(r->pendings);
}
