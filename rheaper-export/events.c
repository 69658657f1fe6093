// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "common/array.h"
#include "common/cli.h"

#include "rheaper-export/sum.h"
#include "rheaper-export/events.h"

struct events events_begin(const struct past_sums *sums, int64_t max)
{
	int64_t n_blocks = max / 2 - 1; /* one more for what is carried */

	if (sum_saturated(sums->blocks, sums->frees) <= max)
		return (struct events){.step = 0};
	return (struct events){
		.step = sums->bytes / n_blocks + 1,
		.carry = sums->bytes / n_blocks / 2,
	};
}

static void add_event(struct events *e, const struct event *event)
{
	if (array_grow((void **)&e->events, &e->n_max, e->n + 1, sizeof(*e->events)))
		die("write the profile: out of memory");
	e->events[e->n++] = *event;
}

/* What a block stands for; 0: it is left out. */
static int64_t weigh(struct events *e, int64_t bytes)
{
	if (bytes >= e->step)
		return bytes;
	e->carry = sum_saturated(e->carry, bytes);
	if (e->carry < e->step)
		return 0;
	e->carry -= e->step;
	return e->step;
}

static void add_block(void *context, const struct past_block *block)
{
	struct events *e = context;
	int64_t bytes = block->bytes > 0 ? weigh(e, block->bytes) : 0;

	if (bytes == 0)
		return;
	add_event(e, &(struct event){
			     .ns = block->alloc_ns,
			     .bytes = bytes,
			     .stack = block->stack,
			     .tid = block->tid,
			     .address = block->address,
			     .block = block->block,
		     });
	if (block->free_ns < 0)
		return;
	add_event(e, &(struct event){
			     .ns = block->free_ns,
			     .bytes = -bytes,
			     .stack = block->free_stack,
			     .tid = block->free_tid,
			     .address = block->address,
			     .block = block->block,
			     .late = block->free_ns <= block->alloc_ns,
		     });
}

/* At one time an address is freed before it is handed out again, and a block that lives
 * for no time is freed after it was. */
static int rank(const struct event *e)
{
	return e->bytes < 0 && !e->late ? 0 : 1;
}

static int compare_events(const void *left, const void *right)
{
	const struct event *a = left, *b = right;

	if (a->ns != b->ns)
		return a->ns < b->ns ? -1 : 1;
	if (rank(a) != rank(b))
		return rank(a) - rank(b);
	if (a->block != b->block)
		return a->block < b->block ? -1 : 1;
	return a->late - b->late;
}

void events_collect(struct events *e, struct profile *profile)
{
	e->n = 0;
	past_each_block(profile, add_block, e);
	if (e->n > 0)
		qsort(e->events, e->n, sizeof(*e->events), compare_events);
}

void events_fini(struct events *e)
{
	free(e->events);
}
