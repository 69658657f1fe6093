/* SPDX-License-Identifier: MIT */
/*
 * The pairs of all stacks lie in a ring, each stack's in one piece: what is new
 * overwrites what is oldest. To keep a stack costs half of what it saves to find it, and
 * to look for it a quarter. So where stacks hardly come again they are mostly not looked
 * for, and most of them are passed by: the few that are kept stay long enough to come
 * again, even where more stacks come in turn than there is room for.
 */
#include <stdint.h>
#include <string.h>

#include "runtime/memo.h"

#define REST 8        /* stacks, after those that were looked for in vain */
#define KEEP_ONE_IN 2 /* of those that are looked for, where none was found */
#define MOST (RHP_MEMO_PAIRS / 4)

_Static_assert((RHP_MEMO_STACKS & (RHP_MEMO_STACKS - 1)) == 0 &&
		       (RHP_MEMO_CALLS & (RHP_MEMO_CALLS - 1)) == 0,
	       "an index is the top bits of a hash");

void rhp_memo_init(struct rhp_memo *m, void *room)
{
	*m = (struct rhp_memo){.pairs = room, .looks = RHP_MEMO_LOOKS};
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

/* Whether this one, which was not found, is to be kept. */
static bool is_worth_it(struct rhp_memo *m)
{
	if (m->rest > 0) {
		m->rest--;
		return false;
	}
	if (m->looks > 0)
		m->looks--;
	else
		m->rest = REST;
	if (m->credit == 0)
		return m->passed++ % KEEP_ONE_IN == 0;
	m->credit--;
	return true;
}

/* Where a stack is kept, by its innermost return addresses: five, for programs have
 * functions around malloc, and others around these. */
READS_STACKS static struct rhp_memo_stack *slot_of(const struct rhp_memo *m,
						   uintptr_t frame, uintptr_t last)
{
	const struct rhp_frame_record *record = (const struct rhp_frame_record *)frame;
	uint64_t hash = frame ^ record->ip;
	for (int i = 1; i < 5; i++) {
		record = rhp_frame_next(record, last);
		hash = hash * RHP_POLY_WEIGHT + record->ip;
	}
	return rhp_memo_at(m, hash);
}

READS_STACKS uint32_t rhp_memo_look(const struct rhp_memo *m, uint16_t *found,
				    uintptr_t frame, uintptr_t last,
				    enum rhp_function function)
{
	const struct rhp_memo_stack *s = slot_of(m, frame, last);
	if (s == &m->stacks[*found])
		return 0;
	uint32_t node = rhp_memo_compare(m, s, frame, function);
	if (node != 0)
		*found = (uint16_t)(s - m->stacks);
	return node;
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

/* Whether who noted that it is at it still is. It stands on the thread's own stack, as
 * the frame does that we are called from. */
READS_STACKS static bool is_in_use(const struct rhp_memo *m,
				   const struct rhp_bounds *stack, uintptr_t frame)
{
	uintptr_t user = m->busy.frame;
	return user > frame && user < stack->high &&
	       ((const uintptr_t *)user)[1] == m->busy.ip;
}

/* Whether the calling thread may write: then it is at it, until it clears `busy`. */
READS_STACKS static bool begin_keeping(struct rhp_memo *m, const struct rhp_bounds *stack,
				       uintptr_t frame)
{
	if (!is_worth_it(m) || is_in_use(m, stack, frame))
		return false;
	rhp_place_set(&m->busy, (const void *)frame);
	return true;
}

/* The frame last: without it the rest is nothing, should a handler jump away from here.
 */
static void put(struct rhp_memo_stack *slot, struct rhp_memo_stack stack)
{
	uintptr_t frame = stack.frame;
	stack.frame = 0;
	*slot = stack;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	*(volatile uintptr_t *)&slot->frame = frame;
}

/* Before what it tells of is overwritten. */
static struct rhp_memo_stack *emptied(struct rhp_memo_stack *slot)
{
	*slot = (struct rhp_memo_stack){0};
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return slot;
}

READS_STACKS void rhp_memo_keep(struct rhp_memo *m, const struct rhp_chain_memory *chain,
				const struct rhp_bounds *stack, uintptr_t frame,
				enum rhp_function function, uint32_t node)
{
	uint32_t n = chain->n < chain->window ? chain->n : chain->window;
	const struct rhp_link *innermost = &chain->links[chain->n - 1];
	if (!m->pairs || n < 2 || n > MOST || chain->busy.frame != 0 ||
	    innermost->at != frame || !begin_keeping(m, stack, frame))
		return;
	struct rhp_memo_stack *slot =
		emptied(slot_of(m, frame, stack->high - sizeof(struct rhp_frame_record)));
	uint64_t begin = take_room(m, n);
	union rhp_pair *pair = &m->pairs[begin % RHP_MEMO_PAIRS];
	for (uint32_t i = 0; i < n; i++, innermost--)
		pair[i] = (union rhp_pair){.next = innermost->next, .ip = innermost->ip};
	put(slot, (struct rhp_memo_stack){.frame = frame,
					  .begin = begin,
					  .node = node,
					  .function = (uint16_t)function,
					  .n = (uint16_t)n & INT16_MAX});
	rhp_place_clear(&m->busy);
}

/*
 * The words that a walk depends on, outermost first: all return addresses, and of the
 * saved frame pointers those by which something was found before they were replaced.
 * Returns how many; there is room for two a step and two.
 */
READS_STACKS static uint32_t note_words(const struct rhp_trail *t, uintptr_t frame,
					union rhp_pair *pair)
{
	const struct rhp_frame_record *shim = (const struct rhp_frame_record *)frame;
	uint32_t n = 0, k = t->n > t->window ? t->n - t->window : 0;
	bool fp_counts = false; /* of the frame beyond */
	for (; k < t->n; k++) {
		const struct rhp_step *s = &t->steps[k];
		bool saved = s->fp_at != s->ra_at;
		if (k > 0)
			pair[n++] = (union rhp_pair){.at = s->ra_at, .word = s->ra};
		if (saved && fp_counts)
			pair[n++] = (union rhp_pair){.at = s->fp_at, .word = s->fp_was};
		fp_counts = s->uses_fp || (fp_counts && !saved);
	}
	if (fp_counts)
		pair[n++] = (union rhp_pair){.at = frame, .word = shim->next};
	pair[n++] = (union rhp_pair){.at = (uintptr_t)&shim->ip, .word = shim->ip};
	return n;
}

READS_STACKS static bool words_hold(const struct rhp_memo *m,
				    const struct rhp_memo_stack *s)
{
	const union rhp_pair *pair = rhp_memo_pairs(m, s);
	uintptr_t some = 0;
	for (uint32_t i = 0; i < s->n; i++)
		some |= *(const uintptr_t *)pair[i].at ^ pair[i].word;
	return some == 0;
}

/* Where another stack is kept whose innermost words lie where those of `s` lie. */
READS_STACKS static struct rhp_memo_stack *second_slot(const struct rhp_memo *m,
						       const struct rhp_memo_stack *s)
{
	const union rhp_pair *pair = rhp_memo_pairs(m, s);
	uint64_t hash = s->frame;
	for (uint32_t i = s->n, least = s->n > 8 ? s->n - 8 : 0; i > least; i--)
		hash = hash * RHP_POLY_WEIGHT + *(const uintptr_t *)pair[i - 1].at;
	return rhp_memo_at(m, hash);
}

READS_STACKS uint32_t rhp_memo_find_walk(const struct rhp_memo *m,
					 const struct rhp_memo_stack *s)
{
	if (words_hold(m, s))
		return s->node;
	const struct rhp_memo_stack *other = second_slot(m, s);
	bool found = rhp_memo_has(m, other, s->frame, s->function) && other->by_rules &&
		     words_hold(m, other);
	return found ? other->node : 0;
}

/* The first place is kept as long as it tells where the words lie. */
READS_STACKS static struct rhp_memo_stack *slot_of_walk(struct rhp_memo *m,
							const struct rhp_bounds *stack,
							uintptr_t frame,
							enum rhp_function function)
{
	struct rhp_memo_stack *slot =
		slot_of(m, frame, stack->high - sizeof(struct rhp_frame_record));
	if (rhp_memo_has(m, slot, frame, function) && slot->by_rules)
		slot = second_slot(m, slot);
	return emptied(slot);
}

READS_STACKS void rhp_memo_keep_walk(struct rhp_memo *m, const struct rhp_trail *trail,
				     const struct rhp_bounds *stack, uintptr_t frame,
				     enum rhp_function function, uint32_t node)
{
	uint32_t steps = trail->n < trail->window ? trail->n : trail->window;
	uint32_t most = 2 * steps + 2;
	if (!m->pairs || most > MOST || !begin_keeping(m, stack, frame))
		return;
	struct rhp_memo_stack *slot = slot_of_walk(m, stack, frame, function);
	uint64_t begin = take_room(m, most);
	uint32_t n = note_words(trail, frame, &m->pairs[begin % RHP_MEMO_PAIRS]);
	m->end = begin + n;
	put(slot, (struct rhp_memo_stack){.frame = frame,
					  .begin = begin,
					  .node = node,
					  .function = (uint16_t)function,
					  .n = (uint16_t)n & INT16_MAX,
					  .by_rules = 1});
	rhp_place_clear(&m->busy);
}
