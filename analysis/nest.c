// SPDX-License-Identifier: MIT
/*
 * All live blocks are in a set by address, so that the one around an address is the last
 * that begins before it, or one that this one lies in. That costs a look into a tree for
 * each event, so the set is made when the first event of a declared function comes, of
 * what is live then.
 *
 * Blocks of one family do not lie in each other: an allocator that hands out what is in a
 * block of its own has had that back, by a way that nobody saw.
 */
#include <errno.h>
#include <stdlib.h>

#include "analysis/pair.h"
#include "common/array.h"
#include "contract/format.h"
#include "trace/reader.h"

#include "analysis/nest.h"

#define NO_ITEM 0
#define INNERMOST UINT32_MAX

static uint64_t end_of(const struct live_block *block)
{
	uint64_t end = block->address + block->size;

	return end >= block->address ? end : UINT64_MAX;
}

static uint32_t family_of(const struct nest *n, const struct range *r)
{
	return r->item == NO_ITEM ? RHP_FAMILY_NONE : n->items[r->item].origin.family;
}

static int put_range(struct nest *n, const struct live_block *block, uint32_t item)
{
	return ranges_put(&n->ranges, &(struct range){.start = block->address,
						      .end = end_of(block),
						      .level = block->level,
						      .item = item,
						      .stack = block->stack});
}

struct nest_origin nest_origin_of(const struct reader_event *event,
				  const struct nest_origin *old)
{
	return (struct nest_origin){
		.pool = event->pool ? event->pool
			: old       ? old->pool
				    : 0,
		.family = event->family,
		.is_collected = (event->family_flags & RHP_FAMILY_COLLECTED) != 0,
	};
}

int nest_begin(struct nest *n, const struct live *live)
{
	struct live_cursor cursor = {0};
	struct live_block block;
	int error = 0;

	n->is_on = true;
	while (!error && live_walk(live, &cursor, &block))
		error = put_range(n, &block, NO_ITEM);
	return error;
}

void nest_fini(struct nest *n)
{
	ranges_fini(&n->ranges);
	map_fini(&n->pools);
	free(n->freed);
	free(n->items);
	free(n->ended);
}

static uint32_t new_item(struct nest *n)
{
	uint32_t i = n->unused;

	if (i) {
		n->unused = (uint32_t)n->items[i].outer;
		return i;
	}
	if (n->n_items >= UINT32_MAX || array_grow((void **)&n->items, &n->n_items_max,
						   n->n_items + 2, sizeof(*n->items)))
		return NO_ITEM;
	n->n_items += n->n_items == 0;
	return (uint32_t)n->n_items++;
}

static void count(struct nest *n, const struct nest_item *item, bool comes)
{
	if (item->block.level == 0)
		return;
	n->n_live += comes ? 1 : UINT64_MAX;
	n->live_bytes += comes ? item->block.size : -item->block.size;
	if (n->live_bytes > n->peak_bytes)
		n->peak_bytes = n->live_bytes;
}

/* Into the list of its pool. Pools have addresses, so none is the key that maps lack. */
static int join_pool(struct nest *n, uint32_t i)
{
	struct nest_item *item = &n->items[i];
	uint32_t last;

	if (!item->origin.pool)
		return 0;
	last = map_get(&n->pools, item->origin.pool);
	item->before = last == MAP_NONE ? NO_ITEM : last;
	if (item->before != NO_ITEM)
		n->items[item->before].after = i;
	return map_put(&n->pools, item->origin.pool, i);
}

static void leave_pool(struct nest *n, const struct nest_item *item)
{
	if (item->before != NO_ITEM)
		n->items[item->before].after = item->after;
	if (item->after != NO_ITEM)
		n->items[item->after].before = item->before;
	else if (item->origin.pool)
		map_put(&n->pools, item->origin.pool,
			item->before); /* the key is there */
}

static int put_item(struct nest *n, const struct nest_item *item)
{
	uint32_t i = new_item(n);

	if (i == NO_ITEM)
		return -ENOMEM;
	n->items[i] = *item;
	n->items[i].is_used = true;
	count(n, item, true);
	return join_pool(n, i) ? -ENOMEM : put_range(n, &item->block, i);
}

/* Take a range out of the set; its item, if it has one, becomes *block. */
static void take_range(struct nest *n, struct range r, struct live_block *block)
{
	struct nest_item *item = &n->items[r.item];

	ranges_take(&n->ranges, r.start, r.level);
	if (r.item == NO_ITEM)
		return;
	*block = item->block;
	count(n, item, false);
	leave_pool(n, item);
	*item = (struct nest_item){.outer = n->unused};
	n->unused = r.item;
}

static int end_range(struct nest *n, struct range r, enum block_end end)
{
	if (array_grow((void **)&n->ended, &n->n_ended_max, n->n_ended + 1,
		       sizeof(*n->ended)))
		return -ENOMEM;
	/* Nobody sees what a collector frees. */
	if (end == BLOCK_UNSEEN && n->items[r.item].origin.is_collected)
		end = BLOCK_COLLECTED;
	n->ended[n->n_ended].end = (uint8_t)end;
	take_range(n, r, &n->ended[n->n_ended++].block);
	return 0;
}

/* End what lies from `from` on before `to`, deeper than `level`, and reaches behind
 * `keep`. */
static int cut(struct nest *n, uint64_t from, uint64_t to, uint32_t level, uint64_t keep,
	       enum block_end end)
{
	const struct range *r = ranges_from(&n->ranges, from, 0);
	int error = 0;

	while (r && !error && (r->start < to || r->start == from)) {
		struct range this = *r;

		if (this.level > level && (this.end > keep || this.start >= keep))
			error = end_range(n, this, end);
		r = ranges_from(&n->ranges, this.start, this.level + 1);
	}
	return error;
}

/* End the blocks of declared functions that begin and end where another block is now that
 * lies in none: they were there before it. */
static int end_covered(struct nest *n, const struct live_block *block)
{
	uint64_t to = end_of(block);
	const struct range *r = ranges_from(&n->ranges, block->address, 0);
	int error = 0;

	while (r && !error && r->start < to) {
		struct range this = *r;

		if (this.item != NO_ITEM &&
		    (this.end <= to || this.start == block->address))
			error = end_range(n, this,
					  this.level ? BLOCK_RELEASED : BLOCK_UNSEEN);
		r = ranges_from(&n->ranges, this.start, this.level + 1);
	}
	return error;
}

static const struct range *outer_of(const struct nest *n, const struct range *r)
{
	const struct range *outer;

	if (r->level == 0)
		return NULL;
	outer = ranges_up_to(&n->ranges, n->items[r->item].outer, r->level - 1);
	return outer && outer->start == n->items[r->item].outer &&
			       outer->level == r->level - 1
		       ? outer
		       : NULL;
}

/* The innermost block that all of this one lies in. */
static const struct range *find_around(const struct nest *n,
				       const struct live_block *block)
{
	const struct range *r = ranges_up_to(&n->ranges, block->address, INNERMOST);

	while (r && (end_of(block) > r->end || block->address >= r->end))
		r = outer_of(n, r);
	return r;
}

/* Functions whose blocks free() takes may be malloc under another name: then a block of
 * the same place and size was freed without being seen. */
static bool is_chunk(const struct nest *n, const struct range *r,
		     const struct live_block *block, uint32_t family)
{
	return family_of(n, r) != family &&
	       (family != RHP_FAMILY_LISTED || r->start != block->address ||
		r->end != end_of(block));
}

static void put_inside(struct nest_item *item, const struct range *outer)
{
	item->outer = outer->start;
	item->block.level = outer->level + 1;
	item->block.inside = outer->stack;
}

int nest_begin_inner(struct nest *n, const struct live_block *block,
		     const struct nest_origin *origin)
{
	const struct range *r;
	struct nest_item item = {.block = *block, .origin = *origin};
	uint32_t family = origin->family;
	int error = 0;

	if (family == RHP_FAMILY_NONE)
		return 0;
	while ((r = find_around(n, block)) && r->level > 0 && family_of(n, r) == family &&
	       !error) {
		struct range stale = *r;

		error = cut(n, stale.start, stale.end, stale.level, stale.start,
			    BLOCK_RELEASED);
		if (!error)
			error = end_range(n, stale, BLOCK_UNSEEN);
	}
	if (error || !r || !is_chunk(n, r, block, family))
		return error;
	put_inside(&item, r);
	/* What lay there is there no longer. */
	error = cut(n, block->address, end_of(block), r->level, block->address,
		    BLOCK_UNSEEN);
	if (!error)
		error = put_item(n, &item);
	if (error)
		return error;
	n->n_inner++;
	n->inner_bytes += block->size;
	return 1;
}

int nest_add(struct nest *n, const struct live_block *block,
	     const struct nest_origin *origin, bool again)
{
	struct nest_item item = {.block = *block, .origin = *origin};
	int error = again ? 0 : end_covered(n, block);

	if (error)
		return error;
	return origin->family == RHP_FAMILY_NONE ? put_range(n, block, NO_ITEM)
						 : put_item(n, &item);
}

int nest_put_back(struct nest *n, const struct live_block *block,
		  const struct nest_origin *origin)
{
	struct nest_item item = {.block = *block, .origin = *origin};
	const struct range *r = find_around(n, block);

	if (r)
		put_inside(&item, r);
	return put_item(n, &item);
}

/* How well a block fits an event: the larger the better. */
static unsigned int fitness(uint32_t block, uint32_t event)
{
	if (block == event)
		return 2;
	return event <= RHP_FAMILY_LISTED && block <= RHP_FAMILY_LISTED;
}

static bool find_meant(const struct nest *n, uint64_t address, uint32_t family,
		       struct range *meant)
{
	const struct range *r = ranges_from(&n->ranges, address, 0);
	unsigned int best = 0;
	bool found = false;

	for (; r && r->start == address;
	     r = ranges_from(&n->ranges, address, r->level + 1)) {
		unsigned int fits = fitness(family_of(n, r), family);
		bool is_deeper = family != RHP_FAMILY_NONE;

		if (!found || fits > best || (fits == best && is_deeper)) {
			*meant = *r;
			best = fits;
			found = true;
		}
	}
	return found;
}

int nest_take(struct nest *n, uint64_t address, uint32_t family, struct live_block *block,
	      struct nest_origin *origin)
{
	struct range meant = {0};
	bool is_inner;

	*origin = (struct nest_origin){0};
	if (!find_meant(n, address, family, &meant))
		return 0;
	is_inner = meant.level > 0;
	if (meant.item != NO_ITEM)
		*origin = n->items[meant.item].origin;
	take_range(n, meant, block);
	return is_inner;
}

static int add_freed(struct nest *n, uint64_t pool)
{
	if (array_grow((void **)&n->freed, &n->n_freed_max, n->n_freed + 1,
		       sizeof(*n->freed)))
		return -ENOMEM;
	n->freed[n->n_freed++] = pool;
	return 0;
}

/* End a block of a pool, with what lies in it. */
static int end_of_pool(struct nest *n, const struct nest_item *item)
{
	const struct range *r =
		ranges_from(&n->ranges, item->block.address, item->block.level);
	struct range this = *r;
	int error = add_freed(n, this.start);

	if (!error)
		error = end_range(n, this, BLOCK_RELEASED);
	return error ? error
		     : cut(n, this.start, this.end, this.level, this.start,
			   BLOCK_RELEASED);
}

/* The last item of a pool that is of a family, or NULL. */
static const struct nest_item *last_of_pool(const struct nest *n, uint64_t pool,
					    uint32_t family)
{
	uint32_t i = map_get(&n->pools, pool);

	for (; i != NO_ITEM && i != MAP_NONE; i = n->items[i].before)
		if (n->items[i].origin.family == family)
			return &n->items[i];
	return NULL;
}

/* All blocks of a family, those that lie in others with these. */
static int free_family(struct nest *n, uint32_t family)
{
	int error = 0;

	for (size_t i = 1; i < n->n_items && !error; i++)
		if (n->items[i].is_used && n->items[i].origin.family == family)
			error = end_of_pool(n, &n->items[i]);
	n->n_freed = 0;
	return error;
}

int nest_free_pool(struct nest *n, uint64_t pool, uint32_t family)
{
	const struct nest_item *item;
	int error = 0;

	if (pool == 0)
		return free_family(n, family);
	error = add_freed(n, pool);

	while (n->n_freed > 0 && !error) {
		pool = n->freed[--n->n_freed];
		while (!error && (item = last_of_pool(n, pool, family)))
			error = end_of_pool(n, item);
	}
	return error;
}

bool nest_is_collected(const struct nest *n, uint64_t address)
{
	const struct range *r = ranges_from(&n->ranges, address, 0);

	return r && r->start == address && r->level == 0 && r->item != NO_ITEM &&
	       n->items[r->item].origin.is_collected;
}

int nest_cut(struct nest *n, const struct live_block *block, uint64_t keep)
{
	return cut(n, block->address, end_of(block), block->level, keep, BLOCK_RELEASED);
}

struct nest_item *nest_next(const struct nest *n, size_t *index)
{
	while (++*index < n->n_items)
		if (n->items[*index].is_used && n->items[*index].block.level > 0)
			return &n->items[*index];
	return NULL;
}

uint64_t nest_outermost(const struct nest *n, const struct nest_item *item)
{
	uint64_t address = item->outer;
	const struct range *r;

	for (uint32_t level = item->block.level - 1; level > 0; level--) {
		r = ranges_up_to(&n->ranges, address, level);
		if (!r || r->start != address || r->level != level)
			break;
		address = n->items[r->item].outer;
	}
	return address;
}
