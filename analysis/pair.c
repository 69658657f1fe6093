// SPDX-License-Identifier: MIT
/*
 * A realloc is two events. At its BEGIN the block leaves the map, because the
 * allocator may give its address to another thread before the realloc returns;
 * it waits in `resizing`. Until its END, FAIL or FREE it counts as live.
 *
 * Blocks that lie in others are in `nest`, and nobody counts their memory twice.
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
#include "analysis/judge.h"
#include "analysis/pair-rows.h"
#include "analysis/live.h"
#include "analysis/merge.h"
#include "analysis/nest.h"
#include "analysis/resizing.h"
#include "analysis/tally.h"
#include "common/array.h"
#include "trace/reader.h"

#include "analysis/pair.h"

/* Events are read some at a time, for their blocks and stacks to be in the cache when
 * they are taken: waiting for memory is most of the work. */
#define N_AHEAD 32

struct ahead {
	struct reader_event event;
	uint32_t stack; /* that it names, not of a BEGIN */
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
	struct resizing resizing;
	struct pair_row *rows; /* of pair_next's caller */
	int n_rows;
	struct ahead ahead[N_AHEAD]; /* read, not yet taken */
	unsigned int n_ahead, next_ahead;
	int merge_result; /* why there are no more of them */
	bool following;   /* pair_follow */
	bool over;        /* the events: what is live is left */
	struct nest nest;
	struct pair_rows later; /* of blocks that ended with others: to be given yet */
	struct judge judge;
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
	p->judge.scan = &catalog->scan;
	p->judge.reader = reader;
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
	resizing_fini(&p->resizing);
	nest_fini(&p->nest);
	judge_fini(&p->judge);
	pair_rows_fini(&p->later);
	tally_fini(&p->tally);
	chains_fini(&p->chains);
	free(p->latest);
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

const struct nest *pair_nest(const struct pair *p)
{
	return &p->nest;
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
	*row = pair_row_of(block, end);
	return row;
}

static struct pair_row *end_block(struct pair *p, const struct live_block *block,
				  enum block_end end, const struct reader_event *event,
				  int64_t ns, uint32_t stack)
{
	struct pair_row *row = add_row(p, block, end);

	if (block->level == 0)
		tally_end(&p->tally, block, ns);
	p->totals.clock_inversions += !pair_row_set_end(row, ns);
	row->free_thread = event->thread;
	row->free_stack = stack;
	row->free_size = event->code == RHP_FREE ? event->size : 0;
	return row;
}

/* Blocks that ended with the one of an event: their rows come after its own. Those that
 * lay in no other one are still in the map. */
static int take_ended(struct pair *p, int64_t ns)
{
	struct nest *n = &p->nest;

	for (size_t i = 0; i < n->n_ended; i++) {
		struct live_block block = n->ended[i].block;
		struct pair_row row;

		if (block.level == 0 && !live_take(&p->live, block.address, &block))
			continue;
		if (block.level == 0)
			tally_end(&p->tally, &block, ns);
		row = pair_row_of(&block, n->ended[i].end);
		if (row.end == BLOCK_RELEASED)
			p->totals.clock_inversions += !pair_row_set_end(&row, ns);
		else
			p->totals.unseen_free +=
				block.level == 0 && row.end == BLOCK_UNSEEN;
		if (!p->following && pair_rows_put(&p->later, &row, block.chain))
			return -ENOMEM;
	}
	n->n_ended = 0;
	return 0;
}

/* What lay in a block ends with it, or with what is behind `keep` of it. */
static int end_inner(struct pair *p, const struct live_block *block, uint64_t keep,
		     int64_t ns)
{
	int error = p->nest.is_on ? nest_cut(&p->nest, block, keep) : 0;

	return error || p->nest.n_ended == 0 ? error : take_ended(p, ns);
}

/* Into the map; what was live at that address was freed unseen. `again`: it was there
 * before. */
static int put_block(struct pair *p, const struct live_block *block,
		     const struct nest_origin *origin, int64_t ns, bool again)
{
	struct live_block old;
	int result = p->nest.is_on ? nest_add(&p->nest, block, origin, again) : 0;

	if (!result && p->nest.n_ended)
		result = take_ended(p, ns);
	if (result)
		return result;
	result = live_put(&p->live, block, &old);
	if (result != 1)
		return result;
	p->totals.unseen_free++;
	tally_end(&p->tally, &old, ns);
	add_row(p, &old, BLOCK_UNSEEN);
	return end_inner(p, &old, old.address, ns);
}

/* The block that an event ends, out of the map: false if there is none. */
static int take_block(struct pair *p, const struct reader_event *event,
		      struct live_block *block, struct nest_origin *origin)
{
	*origin = (struct nest_origin){0};
	if (p->nest.is_on &&
	    nest_take(&p->nest, event->address, event->family, block, origin))
		return true;
	return live_take(&p->live, event->address, block);
}

/* Into the block that it lies in: 1, 0 if it lies in none, -ENOMEM. */
static int begin_inner(struct pair *p, const struct live_block *block,
		       const struct nest_origin *origin, int64_t ns)
{
	int result = 0;

	if (!p->nest.is_on && origin->family != RHP_FAMILY_NONE)
		result = nest_begin(&p->nest, &p->live);
	if (!result && p->nest.is_on)
		result = nest_begin_inner(&p->nest, block, origin);
	if (p->nest.n_ended && take_ended(p, ns))
		return -ENOMEM;
	return result;
}

/* `old`: what a realloc made this one of, or NULL. */
static int begin_block(struct pair *p, const struct reader_event *event, int64_t ns,
		       uint32_t stack, const struct pending *old)
{
	struct nest_origin origin = nest_origin_of(event, old ? &old->origin : NULL);
	struct live_block block = {
		.address = event->address,
		.size = event->size,
		.alloc_ns = ns,
		.stack = stack,
		.thread = event->thread,
	};
	bool was_there = old && old->block.address == event->address;
	int result = 0;

	if (event->address == 0)
		return 0;
	if (old && old->block.address != 0 && !p->following)
		result = chains_step(&p->chains, &old->block, &block, &block.chain);
	if (!result)
		result = begin_inner(p, &block, &origin, ns);
	if (result < 0)
		return result;
	p->totals.allocations++;
	p->latest[event->stream] = (struct latest){event->address, event->thread};
	if (result == 1)
		return 0;
	result = put_block(p, &block, &origin, ns, was_there);
	if (!result)
		tally_begin(&p->tally, &block);
	return result;
}

static int take_free(struct pair *p, const struct reader_event *event, int64_t ns,
		     uint32_t stack, const struct latest *latest)
{
	struct live_block block;
	struct pair_row *row;
	struct nest_origin origin;

	p->totals.frees++;
	if (event->family_flags & RHP_FAMILY_POOL)
		return nest_free_pool(&p->nest, event->address, event->family) ||
				       take_ended(p, ns)
			       ? -ENOMEM
			       : 0;
	if (!take_block(p, event, &block, &origin)) {
		p->totals.foreign_free++;
		return 0;
	}
	row = end_block(p, &block, BLOCK_FREED, event, ns, stack);
	row->temporary =
		latest->address == event->address && latest->thread == event->thread;
	if (row->temporary && block.level == 0)
		tally_temporary(&p->tally, &block);
	return end_inner(p, &block, block.address, ns);
}

static uint64_t owner_key(const struct reader_event *event)
{
	return (uint64_t)event->stream << 32 | event->thread;
}

static int push_pending(struct pair *p, const struct reader_event *event, int64_t ns)
{
	struct pending *pending = resizing_push(&p->resizing, owner_key(event));

	if (!pending)
		return -ENOMEM;
	pending->begin_ns = ns;
	take_block(p, event, &pending->block, &pending->origin);
	return 0;
}

/* The pending that an END belongs to; false if its BEGIN was not seen. */
static bool pop_pending(struct pair *p, const struct reader_event *event,
			struct pending *pending)
{
	bool paired = resizing_pop(&p->resizing, owner_key(event), pending);

	p->totals.unpaired_realloc += !paired;
	return paired;
}

/* Where what a realloc kept of a block in its place ends. */
static uint64_t kept_of(const struct live_block *old, const struct reader_event *event)
{
	return event->address == old->address ? old->address + event->size : old->address;
}

static int finish_realloc(struct pair *p, const struct reader_event *event, int64_t ns,
			  uint32_t stack)
{
	struct pending old;
	bool paired = pop_pending(p, event, &old);

	p->totals.reallocs++;
	if (old.block.address != 0) {
		end_block(p, &old.block, BLOCK_REALLOC, event, old.begin_ns, stack);
		if (end_inner(p, &old.block, kept_of(&old.block, event), ns))
			return -ENOMEM;
	} else if (event->node == 0)
		return 0;
	else if (paired) {
		p->totals.foreign_realloc++;
	}
	if (event->node == 0)
		stack = old.block.stack;
	return begin_block(p, event, ns, stack, &old);
}

static int fail_realloc(struct pair *p, const struct reader_event *event, int64_t ns)
{
	struct pending old;

	p->totals.failed_reallocs++;
	if (!pop_pending(p, event, &old) || old.block.address == 0)
		return 0;
	return old.block.level ? nest_put_back(&p->nest, &old.block, &old.origin)
			       : put_block(p, &old.block, &old.origin, ns, true);
}

static int free_by_realloc(struct pair *p, const struct reader_event *event,
			   uint32_t stack)
{
	struct pending old;

	p->totals.frees++;
	if (!pop_pending(p, event, &old) || old.block.address == 0) {
		p->totals.foreign_free++;
		return 0;
	}
	end_block(p, &old.block, BLOCK_FREED, event, old.begin_ns, stack);
	return end_inner(p, &old.block, old.block.address, old.begin_ns);
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
		return take_free(p, event, ns, stack, &latest);
	case RHP_REALLOC_BEGIN:
		return push_pending(p, event, ns);
	case RHP_REALLOC_END:
		return finish_realloc(p, event, ns, stack);
	case RHP_REALLOC_FAIL:
		return fail_realloc(p, event, ns);
	case RHP_REALLOC_FREE:
		return free_by_realloc(p, event, stack);
	default:
		return 0;
	}
}

/* What the scan said of a block that is live at the end. */
static void set_leak(struct pair *p, const struct live_block *block, struct pair_row *row)
{
	struct judged judged = judge_block(&p->judge, block);

	p->totals.unscanned_blocks += judged.is_missing;
	row->leak = (uint8_t)judged.leak;
	row->leak_owner = judged.owner;
}

/* A block that did not end: first those in others, then those in a realloc, then the live
 * ones. */
static bool add_survivor(struct pair *p)
{
	const struct judged_inner *inner = judge_next_inner(&p->judge);
	const struct pending *pending;
	struct live_block rest;
	struct pair_row *row;

	if (inner) {
		row = add_row(p, &inner->block,
			      inner->is_collected ? BLOCK_COLLECTED : BLOCK_LIVE);
		if (inner->is_collected)
			return true;
		row->leak = (uint8_t)inner->judged.leak;
		row->leak_owner = inner->judged.owner;
		return true;
	}
	pending = resizing_next(&p->resizing);
	if (pending) {
		p->totals.in_realloc_blocks++;
		if (pending->block.level == 0)
			tally_end(&p->tally, &pending->block, p->totals.last_ns);
		add_row(p, &pending->block, BLOCK_IN_REALLOC);
		return true;
	}
	if (!live_next(&p->live, &rest))
		return false;
	if (p->nest.is_on && nest_is_collected(&p->nest, rest.address)) {
		tally_end(&p->tally, &rest, p->totals.last_ns);
		add_row(p, &rest, BLOCK_COLLECTED);
		return true;
	}
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

/* Rows that are left of the last event. */
static void add_later(struct pair *p)
{
	uint32_t chain;

	while (p->n_rows < PAIR_MAX_ROWS &&
	       pair_rows_take(&p->later, &p->rows[p->n_rows], &chain)) {
		p->n_rows++;
		if (chain)
			p->ended_chains[p->n_ended_chains++] = chain;
	}
}

int pair_next(struct pair *p, struct pair_row *rows)
{
	int result;

	p->rows = rows;
	p->n_rows = 0;
	p->n_ended_chains = 0;
	add_later(p);
	while (p->n_rows == 0 && !p->over) {
		result = take_next(p);
		if (result < 0 || result > 1)
			return result;
		if (p->n_rows == 0)
			add_later(p);
		if (result == 0 && p->n_rows == 0) {
			p->over = true;
			if (judge_begin(&p->judge, &p->live, &p->nest))
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
