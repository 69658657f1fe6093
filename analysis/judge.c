// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "analysis/nest.h"
#include "analysis/pair.h"
#include "analysis/scan.h"
#include "common/array.h"
#include "trace/reader.h"

#include "analysis/judge.h"

/* One that was allocated after the scan is not what that found at its address. */
static bool is_older_than_scan(const struct judge *j, const struct live_block *block)
{
	return j->scan->ticks && block->alloc_ns <= reader_ns(j->reader, j->scan->ticks);
}

static const struct scan_block *find_scanned(const struct judge *j,
					     const struct live_block *block)
{
	return is_older_than_scan(j, block) ? scan_find(j->scan, block->address) : NULL;
}

static int find_owners(struct judge *j, const struct live *live)
{
	const struct scan_blocks *scanned = &j->scan->whole;
	struct live_block owner;

	for (size_t i = 0; i < scanned->n_blocks; i++) {
		uint64_t address = scanned->blocks[i].owner;

		if (address && map_get(&j->owners, address) == MAP_NONE &&
		    live_find(live, address, &owner) && find_scanned(j, &owner) &&
		    map_put(&j->owners, address, owner.stack))
			return -ENOMEM;
	}
	return 0;
}

void judge_fini(struct judge *j)
{
	map_fini(&j->owners);
	free(j->inner);
}

struct judged judge_block(const struct judge *j, const struct live_block *block)
{
	const struct scan_block *scanned = find_scanned(j, block);
	struct judged judged = {.owner = PAIR_NO_OWNER};
	uint32_t owner;

	judged.is_missing = !scanned && is_older_than_scan(j, block);
	if (!scanned)
		return judged;
	judged.leak = (enum rhp_leak_kind)scanned->kind;
	owner = scanned->owner ? map_get(&j->owners, scanned->owner) : MAP_NONE;
	judged.owner = owner == MAP_NONE ? PAIR_NO_OWNER : owner;
	return judged;
}

static struct judged judge_by(const struct judge *j, const struct live_block *outer)
{
	struct judged judged = judge_block(j, outer);

	judged.is_missing = false;
	if (judged.leak == RHP_LEAK_DEFINITE) {
		judged.leak = RHP_LEAK_INDIRECT;
		judged.owner = outer->stack;
	} else if (judged.leak == RHP_LEAK_UNKNOWN && !j->scan->ticks) {
		judged.owner = outer->stack;
	}
	return judged;
}

static int judge_inner(struct judge *j, const struct live *live, const struct nest *nest)
{
	const struct nest_item *item;
	struct live_block outer;
	size_t i = 0;

	if (array_reserve((void **)&j->inner, &j->n_inner_max, nest->n_live + 1,
			  sizeof(*j->inner)))
		return -ENOMEM;
	while ((item = nest_next(nest, &i))) {
		struct judged_inner *inner = &j->inner[j->n_inner++];

		*inner = (struct judged_inner){
			item->block, {.owner = PAIR_NO_OWNER}, item->origin.is_collected};
		if (live_find(live, nest_outermost(nest, item), &outer))
			inner->judged = judge_by(j, &outer);
	}
	return 0;
}

int judge_begin(struct judge *j, const struct live *live, const struct nest *nest)
{
	return find_owners(j, live) || judge_inner(j, live, nest) ? -ENOMEM : 0;
}

const struct judged_inner *judge_next_inner(struct judge *j)
{
	return j->next_inner < j->n_inner ? &j->inner[j->next_inner++] : NULL;
}
