// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "analysis/live.h"
#include "common/array.h"

#include "analysis/chains.h"

/* A number for a new chain, or 0 if memory is out. */
static uint32_t new_chain(struct chains *c, const struct live_block *first)
{
	uint32_t number;

	if (c->n_unused) {
		number = c->unused[--c->n_unused];
	} else {
		if (c->n_chains >= UINT32_MAX - 1 ||
		    array_grow((void **)&c->chains, &c->n_chains_max, c->n_chains + 1,
			       sizeof(*c->chains)))
			return 0;
		number = (uint32_t)++c->n_chains;
	}
	c->chains[number - 1] = (struct chain){
		.first_size = first->size,
		.first_stack = first->stack,
	};
	return number;
}

int chains_step(struct chains *c, const struct live_block *old,
		const struct live_block *block, uint32_t *number)
{
	struct chain *chain;

	*number = old->chain ? old->chain : new_chain(c, old);
	if (*number == 0)
		return -ENOMEM;
	chain = &c->chains[*number - 1];
	chain->steps++;
	chain->final_size = block->size;
	chain->last_stack = block->stack;
	if (block->address != old->address) {
		chain->moves++;
		chain->copied += old->size < block->size ? old->size : block->size;
	}
	return 0;
}

int chains_take(struct chains *c, uint32_t number, struct chain *chain)
{
	if (array_grow((void **)&c->unused, &c->n_unused_max, c->n_unused + 1,
		       sizeof(*c->unused)))
		return -ENOMEM;
	*chain = c->chains[number - 1];
	c->unused[c->n_unused++] = number;
	return 0;
}

void chains_fini(struct chains *c)
{
	free(c->chains);
	free(c->unused);
}
