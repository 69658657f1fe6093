/* SPDX-License-Identifier: MIT */
/*
 * The pairs of all stacks lie in a ring, each stack's in one piece: what is new
 * overwrites what is oldest. To keep a stack costs half of what it saves to find it, so
 * most of those that no earlier one foretells are passed by: the few that are kept stay
 * long enough to come again, even where more stacks come in turn than there is room for.
 */
#include <string.h>

#include "runtime/memo.h"

#define KEEP_ONE_IN 16 /* where none was found */
#define MOST (RHP_MEMO_PAIRS / 4)

_Static_assert(RHP_MEMO_STACKS == 1 << 10, "a slot is the top 10 bits of a hash");

size_t rhp_memo_room(void)
{
	return RHP_MEMO_PAIRS * sizeof(union rhp_pair) +
	       RHP_MEMO_STACKS * sizeof(struct rhp_memo_stack);
}

void rhp_memo_init(struct rhp_memo *m, void *room)
{
	*m = (struct rhp_memo){.pairs = room};
	if (!room)
		return;
	m->stacks = (void *)(m->pairs + RHP_MEMO_PAIRS);
	memset(m->stacks, 0, RHP_MEMO_STACKS * sizeof(*m->stacks));
}

void rhp_memo_forget(struct rhp_memo *m)
{
	/* All that were written are overwritten now. */
	m->end += RHP_MEMO_PAIRS + 1;
}

/* Whether this one is to be kept. */
static bool is_worth_it(struct rhp_memo *m)
{
	if (m->credit == 0)
		return m->passed++ % KEEP_ONE_IN == 0;
	m->credit--;
	return true;
}

/* Room for n pairs in one piece: their beginning. Whoever had it has lost it. */
static uint64_t take_room(struct rhp_memo *m, uint32_t n)
{
	uint64_t begin = m->end;
	if (begin % RHP_MEMO_PAIRS + n > RHP_MEMO_PAIRS)
		begin += RHP_MEMO_PAIRS - begin % RHP_MEMO_PAIRS;
	m->end = begin + n;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return begin;
}

READS_STACKS static void keep(struct rhp_memo *m, const struct rhp_link *innermost,
			      uintptr_t last, struct rhp_memo_stack stack)
{
	union rhp_pair *pair = &m->pairs[stack.begin % RHP_MEMO_PAIRS];
	struct rhp_memo_stack *slot = rhp_memo_slot(m, stack.frame, last);
	*slot = (struct rhp_memo_stack){0};
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < stack.n; i++, innermost--)
		pair[i] = (union rhp_pair){{innermost->next, innermost->ip}};
	*slot = stack;
}

void rhp_memo_keep(struct rhp_memo *m, const struct rhp_chain_memory *chain,
		   const struct rhp_bounds *stack, uintptr_t frame,
		   enum rhp_function function, uint32_t node)
{
	const void *here = (const void *)frame;
	uint32_t n = chain->n < chain->window ? chain->n : chain->window;
	if (!m->pairs || n < 2 || n > MOST || chain->busy.frame != 0 ||
	    chain->links[chain->n - 1].at != frame)
		return;
	if (m->busy.frame != 0 && rhp_place_alive(&m->busy, here, stack))
		return;
	rhp_place_set(&m->busy, here);
	if (is_worth_it(m))
		keep(m, &chain->links[chain->n - 1], stack->high - sizeof(union rhp_pair),
		     (struct rhp_memo_stack){.frame = frame,
					     .begin = take_room(m, n),
					     .n = (uint16_t)n,
					     .node = node,
					     .function = (uint16_t)function});
	rhp_place_clear(&m->busy);
}
