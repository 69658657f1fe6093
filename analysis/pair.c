// SPDX-License-Identifier: MIT
/*
 * A realloc is two events. At its BEGIN the block leaves the map, because the
 * allocator may give its address to another thread before the realloc returns;
 * it waits as `pending` of that stream and thread, on top of what a signal
 * handler's realloc may have interrupted there. The next END, FAIL or FREE of
 * the same stream and thread takes it from the top. Until then it counts as
 * live.
 *
 * A block is temporary if the next event of its thread in its stream frees it:
 * each stream has the block that its last event gave.
 */
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "analysis/catalog.h"
#include "analysis/chains.h"
#include "analysis/live.h"
#include "analysis/merge.h"
#include "analysis/tally.h"
#include "common/array.h"
#include "common/map.h"
#include "trace/reader.h"

#include "analysis/pair.h"

#define NO_PENDING UINT32_MAX
/* Events are read some at a time, for their blocks and stacks to be in the cache when
 * they are taken: waiting for memory is most of the work. */
#define N_AHEAD 32

struct ahead {
	struct reader_event event;
	uint32_t stack; /* that it names, not of a BEGIN */
};

struct pending {
	struct live_block block; /* address 0: unknown or taken back */
	int64_t begin_ns;
	uint32_t below; /* of the same stream and thread; or in the free list */
};

/* The block that the last event of a stream gave. */
struct latest {
	uint64_t address; /* 0: none */
	uint32_t thread;
};

struct pair {
	struct merge *merge;
	const struct reader *reader;
	struct catalog *catalog;
	struct live live;
	struct map tops; /* stream and thread -> 1 + index of the top, 0: none */
	struct pending *pendings;
	size_t n_pendings, n_pendings_max;
	uint32_t free_pending;
	struct pair_row *rows; /* of pair_next's caller */
	int n_rows;
	struct ahead ahead[N_AHEAD]; /* read, not yet taken */
	unsigned int n_ahead, next_ahead;
	int merge_result; /* why there are no more of them */
	size_t next_pending;
	bool following; /* pair_follow */
	bool over;      /* the events: what is live is left */
	struct map
		leak_owners;   /* address -> stack, of blocks that others are lost with */
	struct latest *latest; /* by stream */
	size_t n_latest;
	struct chains chains;
	uint32_t ended_chains[PAIR_MAX_ROWS];
	unsigned int n_ended_chains;
	struct tally tally;
	struct pair_totals totals;
};

int pair_new(struct pair **result, struct merge *merge, const struct reader *reader,
	     struct catalog *catalog)
{
	struct pair *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->merge = merge;
	p->reader = reader;
	p->catalog = catalog;
	p->merge_result = 1;
	p->free_pending = NO_PENDING;
	if (array_grow((void **)&p->latest, &p->n_latest, reader_n_streams(reader) + 1,
		       sizeof(*p->latest)) ||
	    tally_init(&p->tally, catalog, reader_header(reader)->sample_bytes)) {
		pair_free(p);
		return -ENOMEM;
	}
	*result = p;
	return 0;
}

void pair_free(struct pair *p)
{
	if (!p)
		return;
	live_fini(&p->live);
	map_fini(&p->tops);
	map_fini(&p->leak_owners);
	tally_fini(&p->tally);
	chains_fini(&p->chains);
	free(p->latest);
	free(p->pendings);
	free(p);
}

const struct pair_totals *pair_totals(const struct pair *p)
{
	return &p->totals;
}

const struct tally *pair_tally(const struct pair *p)
{
	return &p->tally;
}

int pair_next_chain(struct pair *p, struct chain *chain)
{
	int error;

	if (p->n_ended_chains == 0)
		return 0;
	error = chains_take(&p->chains, p->ended_chains[--p->n_ended_chains], chain);
	return error ? error : 1;
}

static struct pair_row *add_row(struct pair *p, const struct live_block *block,
				enum block_end end)
{
	struct pair_row *row = &p->rows[p->n_rows++];

	assert(p->n_rows <= PAIR_MAX_ROWS);
	if (block->chain && end != BLOCK_REALLOC)
		p->ended_chains[p->n_ended_chains++] = block->chain;
	*row = (struct pair_row){
		.alloc_ns = block->alloc_ns,
		.lifetime_ns = -1,
		.size = block->size,
		.address = block->address,
		.stack = block->stack,
		.alloc_thread = block->thread,
		.leak_owner = PAIR_NO_OWNER,
		.end = (uint8_t)end,
	};
	return row;
}

static struct pair_row *end_block(struct pair *p, const struct live_block *block,
				  enum block_end end, const struct reader_event *event,
				  int64_t ns, uint32_t stack)
{
	struct pair_row *row = add_row(p, block, end);

	tally_end(&p->tally, block, ns);
	row->lifetime_ns = ns - block->alloc_ns;
	if (row->lifetime_ns < 0) {
		row->lifetime_ns = 0;
		p->totals.clock_inversions++;
	}
	row->free_thread = event->thread;
	row->free_stack = stack;
	row->free_size = event->code == RHP_FREE ? event->size : 0;
	return row;
}

/* Into the map; what was live at that address was freed unseen. */
static int put_block(struct pair *p, const struct live_block *block, int64_t ns)
{
	struct live_block old;
	int result = live_put(&p->live, block, &old);

	if (result == 1) {
		p->totals.unseen_free++;
		tally_end(&p->tally, &old, ns);
		add_row(p, &old, BLOCK_UNSEEN);
	}
	return result < 0 ? result : 0;
}

/* `old`: the block that a realloc made this one of, or NULL. */
static int begin_block(struct pair *p, const struct reader_event *event, int64_t ns,
		       uint32_t stack, const struct live_block *old)
{
	struct live_block block = {
		.address = event->address,
		.size = event->size,
		.alloc_ns = ns,
		.stack = stack,
		.thread = event->thread,
	};
	int error = 0;

	if (event->address == 0)
		return 0;
	if (old && old->address != 0 && !p->following)
		error = chains_step(&p->chains, old, &block, &block.chain);
	if (!error)
		error = put_block(p, &block, ns);
	if (error)
		return error;
	p->totals.allocations++;
	tally_begin(&p->tally, &block);
	p->latest[event->stream] = (struct latest){event->address, event->thread};
	return 0;
}

static void take_free(struct pair *p, const struct reader_event *event, int64_t ns,
		      uint32_t stack, const struct latest *latest)
{
	struct live_block block;
	struct pair_row *row;

	p->totals.frees++;
	if (!live_take(&p->live, event->address, &block)) {
		p->totals.foreign_free++;
		return;
	}
	row = end_block(p, &block, BLOCK_FREED, event, ns, stack);
	row->temporary =
		latest->address == event->address && latest->thread == event->thread;
	if (row->temporary)
		tally_temporary(&p->tally, &block);
}

static uint64_t owner_key(const struct reader_event *event)
{
	return (uint64_t)event->stream << 32 | event->thread;
}

static int push_pending(struct pair *p, const struct reader_event *event, int64_t ns)
{
	uint64_t key = owner_key(event);
	uint32_t i = p->free_pending, top;
	struct pending *pending;

	if (i != NO_PENDING) {
		p->free_pending = p->pendings[i].below;
	} else {
		if (array_grow((void **)&p->pendings, &p->n_pendings_max,
			       p->n_pendings + 1, sizeof(*p->pendings)))
			return -ENOMEM;
		i = (uint32_t)p->n_pendings++;
	}
	pending = &p->pendings[i];
	*pending = (struct pending){.begin_ns = ns};
	live_take(&p->live, event->address, &pending->block);
	top = map_get(&p->tops, key);
	pending->below = top == MAP_NONE ? 0 : top;
	return map_put(&p->tops, key, i + 1);
}

/* The pending that an END belongs to; false if its BEGIN was not seen. */
static bool pop_pending(struct pair *p, const struct reader_event *event,
			struct pending *pending)
{
	uint32_t top = map_get(&p->tops, owner_key(event));
	struct pending *slot;

	if (top == MAP_NONE || top == 0) {
		p->totals.unpaired_realloc++;
		*pending = (struct pending){0};
		return false;
	}
	slot = &p->pendings[top - 1];
	*pending = *slot;
	map_put(&p->tops, owner_key(event), slot->below); /* the key is there */
	slot->block.address = 0;
	slot->below = p->free_pending;
	p->free_pending = top - 1;
	return true;
}

static int finish_realloc(struct pair *p, const struct reader_event *event, int64_t ns,
			  uint32_t stack)
{
	struct pending old;
	bool paired = pop_pending(p, event, &old);

	p->totals.reallocs++;
	if (old.block.address != 0)
		end_block(p, &old.block, BLOCK_REALLOC, event, old.begin_ns, stack);
	else if (event->node == 0)
		return 0;
	else if (paired)
		p->totals.foreign_realloc++;
	if (event->node == 0)
		stack = old.block.stack;
	return begin_block(p, event, ns, stack, &old.block);
}

static int fail_realloc(struct pair *p, const struct reader_event *event, int64_t ns)
{
	struct pending old;

	p->totals.failed_reallocs++;
	if (pop_pending(p, event, &old) && old.block.address != 0)
		return put_block(p, &old.block, ns);
	return 0;
}

static void free_by_realloc(struct pair *p, const struct reader_event *event,
			    uint32_t stack)
{
	struct pending old;

	p->totals.frees++;
	if (pop_pending(p, event, &old) && old.block.address != 0)
		end_block(p, &old.block, BLOCK_FREED, event, old.begin_ns, stack);
	else
		p->totals.foreign_free++;
}

static int take_event(struct pair *p, const struct reader_event *event, uint32_t stack)
{
	int64_t ns = reader_ns(p->reader, event->ticks);
	struct latest latest = p->latest[event->stream];

	p->latest[event->stream].address = 0;
	if (ns > p->totals.last_ns)
		p->totals.last_ns = ns;
	switch (event->code) {
	case RHP_ALLOC:
		return begin_block(p, event, ns, stack, NULL);
	case RHP_FREE:
		take_free(p, event, ns, stack, &latest);
		return 0;
	case RHP_REALLOC_BEGIN:
		return push_pending(p, event, ns);
	case RHP_REALLOC_END:
		return finish_realloc(p, event, ns, stack);
	case RHP_REALLOC_FAIL:
		return fail_realloc(p, event, ns);
	case RHP_REALLOC_FREE:
		free_by_realloc(p, event, stack);
		return 0;
	default:
		return 0;
	}
}

/* One that was allocated after the scan is not what that found at its address. */
static bool is_older_than_scan(const struct pair *p, const struct live_block *block)
{
	const struct scan *scan = &p->catalog->scan;

	return scan->ticks && block->alloc_ns <= reader_ns(p->reader, scan->ticks);
}

/* What the scan said of a block that is live at the end, or NULL. */
static const struct scan_block *find_scanned(const struct pair *p,
					     const struct live_block *block)
{
	return is_older_than_scan(p, block) ? scan_find(&p->catalog->scan, block->address)
					    : NULL;
}

/* Live blocks can be looked up until they are sorted. Returns 0 or -ENOMEM. */
static int find_leak_owners(struct pair *p)
{
	const struct scan_blocks *scanned = &p->catalog->scan.whole;
	struct live_block owner;

	for (size_t i = 0; i < scanned->n_blocks; i++) {
		uint64_t address = scanned->blocks[i].owner;

		if (address && map_get(&p->leak_owners, address) == MAP_NONE &&
		    live_find(&p->live, address, &owner) && find_scanned(p, &owner) &&
		    map_put(&p->leak_owners, address, owner.stack))
			return -ENOMEM;
	}
	return 0;
}

static void set_leak(struct pair *p, const struct live_block *block, struct pair_row *row)
{
	const struct scan_block *scanned = find_scanned(p, block);
	uint32_t owner;

	p->totals.unscanned_blocks += !scanned && is_older_than_scan(p, block);
	if (!scanned)
		return;
	row->leak = (uint8_t)scanned->kind;
	if (!scanned->owner)
		return;
	owner = map_get(&p->leak_owners, scanned->owner);
	row->leak_owner = owner == MAP_NONE ? PAIR_NO_OWNER : owner;
}

/* A block that did not end: first those in a realloc, then the live ones. */
static bool add_survivor(struct pair *p)
{
	struct live_block rest;
	struct pair_row *row;

	while (p->next_pending < p->n_pendings) {
		const struct live_block *block = &p->pendings[p->next_pending++].block;

		if (block->address == 0)
			continue;
		p->totals.in_realloc_blocks++;
		tally_end(&p->tally, block, p->totals.last_ns);
		add_row(p, block, BLOCK_IN_REALLOC);
		return true;
	}
	if (!live_next(&p->live, &rest))
		return false;
	p->totals.left_blocks++;
	row = add_row(p, &rest, BLOCK_LIVE);
	set_leak(p, &rest, row);
	p->totals.leak_blocks[row->leak]++;
	p->totals.leak_bytes[row->leak] += rest.size;
	return true;
}

/* Look up the stacks of what was read, and have in the cache what is counted by stack:
 * of an allocation by this one, of a free by the block's. 0 or -ENOMEM. */
static int find_stacks(struct pair *p)
{
	for (unsigned int i = 0; i < p->n_ahead; i++) {
		struct ahead *a = &p->ahead[i];

		a->stack = 0;
		if (a->event.code != RHP_REALLOC_BEGIN &&
		    catalog_stack(p->catalog, a->event.node, &a->stack))
			return -ENOMEM;
		tally_expect(&p->tally,
			     a->event.code == RHP_ALLOC
				     ? a->stack
				     : live_guess_stack(&p->live, a->event.address));
	}
	return 0;
}

/* 0, -ENOMEM, or with nothing read why there is no more of it. */
static int read_ahead(struct pair *p)
{
	const struct reader_event *event;

	p->n_ahead = p->next_ahead = 0;
	while (p->n_ahead < N_AHEAD && p->merge_result == 1) {
		p->merge_result = merge_next(p->merge, &event);
		if (p->merge_result != 1)
			break;
		live_expect(&p->live, event->address);
		catalog_expect(p->catalog, event->node);
		p->ahead[p->n_ahead++].event = *event;
	}
	return find_stacks(p);
}

/* Take the next event: 1, 0 if there is none, or an error. */
static int take_next(struct pair *p)
{
	const struct ahead *a;
	int error = p->next_ahead == p->n_ahead ? read_ahead(p) : 0;

	if (error)
		return error;
	if (p->n_ahead == 0)
		return p->merge_result;
	a = &p->ahead[p->next_ahead++];
	error = take_event(p, &a->event, a->stack);
	return error ? error : 1;
}

int64_t pair_next_ns(const struct pair *p)
{
	return p->next_ahead < p->n_ahead
		       ? reader_ns(p->reader, p->ahead[p->next_ahead].event.ticks)
		       : -1;
}

/* Whether the next event, which may have to be read for that, is at that time or later.
 */
static int reach(struct pair *p, int64_t stop_ns, bool *reached)
{
	int error =
		stop_ns != INT64_MAX && p->next_ahead == p->n_ahead ? read_ahead(p) : 0;

	*reached = !error && pair_next_ns(p) >= stop_ns;
	return error;
}

int pair_follow(struct pair *p, size_t n)
{
	return pair_follow_until(p, n, INT64_MAX);
}

int pair_follow_until(struct pair *p, size_t n, int64_t stop_ns)
{
	struct pair_row rows[PAIR_MAX_ROWS];
	bool reached = false;
	int result = 1, error = 0;

	if (!p->following)
		tally_count_threads(&p->tally);
	p->following = true;
	p->merge_result = 1;
	p->rows = rows;
	if (array_grow((void **)&p->latest, &p->n_latest, reader_n_streams(p->reader) + 1,
		       sizeof(*p->latest)))
		return -ENOMEM;
	for (; n > 0 && result == 1; n--) {
		error = reach(p, stop_ns, &reached);
		if (error || reached)
			break;
		p->n_rows = 0;
		p->n_ended_chains = 0;
		result = take_next(p);
	}
	result = error ? error : result;
	p->rows = NULL;
	p->n_rows = 0;
	return result;
}

int pair_next(struct pair *p, struct pair_row *rows)
{
	int result;

	p->rows = rows;
	p->n_rows = 0;
	p->n_ended_chains = 0;
	while (p->n_rows == 0 && !p->over) {
		result = take_next(p);
		if (result < 0 || result > 1)
			return result;
		if (result == 0) {
			p->over = true;
			if (find_leak_owners(p))
				return -ENOMEM;
			live_sort(&p->live);
		}
	}
	if (p->n_rows == 0 && !add_survivor(p))
		tally_finish(&p->tally, p->totals.last_ns);
	for (int i = 0; i < p->n_rows && p->catalog->heap.n_snapshots; i++)
		heap_take_row(&p->catalog->heap, p->reader, &rows[i]);
	return p->n_rows;
}
