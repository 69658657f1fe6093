/* SPDX-License-Identifier: MIT */
/*
 * The stacks that a thread had last, word by word: a program comes back to the same few
 * again and again. Whether the thread stands where it stood then is told by comparing
 * the words of its frames, all at once, for where they lie is remembered too. Of a stack
 * that was walked by rules those words are kept that the walk depends on.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/chain.h"
#include "runtime/functions.h"
#include "runtime/place.h"
#include "runtime/polynomial.h"
#include "runtime/trail.h"

#define RHP_MEMO_STACKS 1024 /* a power of two */
#define RHP_MEMO_PAIRS 3072  /* frames of all of them together */
#define RHP_MEMO_CREDIT 2    /* stacks that are kept for one that was found */
#define RHP_MEMO_LOOKS 4     /* in vain after one that was found */
#define RHP_MEMO_CALLS 256   /* of each: what was found last. A power of two */

/* The two words of a frame where they are on the stack: at any word. */
struct rhp_frame_record {
	uintptr_t next, ip;
};

/* The same as they are kept, both in one register where there is one for them; or, of
 * a walk by rules, a word of the stack and where it stands. */
union rhp_pair {
	struct {
		uintptr_t next, ip;
	};
	struct {
		uintptr_t at, word;
	};
#if __SIZEOF_POINTER__ == 8
	uint64_t both __attribute__((vector_size(16), may_alias));
#endif
};

struct rhp_memo_stack {
	uintptr_t frame; /* of the shim: the first of its frames. 0: none; written last */
	uint64_t begin;  /* of its pairs, as their number in all that were written */
	uint32_t node;   /* that was found for it */
	uint16_t function; /* that was called */
	uint16_t n : 15;   /* of its pairs, at least 2 */
	uint16_t by_rules : 1;
};

struct rhp_memo {
	union rhp_pair *pairs; /* a ring; NULL: nothing can be remembered */
	struct rhp_memo_stack *stacks;
	uint64_t end;                   /* of the pairs, as `begin` */
	uint32_t credit;                /* stacks to be kept because others were found */
	uint32_t passed;                /* that were not kept, for none was found */
	uint32_t looks;                 /* in vain, until it is not worth it */
	uint32_t rest;                  /* stacks that are not looked for */
	struct rhp_place busy;          /* who is at it; a handler on top does without */
	uint16_t found[RHP_MEMO_CALLS]; /* by call: the stack that was found last */
};

/* The bytes that a memo needs. */
static inline size_t rhp_memo_room(void)
{
	return RHP_MEMO_PAIRS * sizeof(union rhp_pair) +
	       RHP_MEMO_STACKS * sizeof(struct rhp_memo_stack);
}

/* Prepares a memo; `room` is of the size above and aligned to 16 bytes, or NULL. */
HIDDEN void rhp_memo_init(struct rhp_memo *m, void *room);

/* Forgets all stacks: they may mean something else now. */
HIDDEN void rhp_memo_forget(struct rhp_memo *m);

/*
 * Remembers that the chain which begins at `frame`, and was hashed last with this memory,
 * is the stack `node` of `function`; or does not, where stacks hardly come again. `stack`
 * is what is known of the thread's own. One thread at a time; async-signal-safe.
 */
HIDDEN void rhp_memo_keep(struct rhp_memo *m, const struct rhp_chain_memory *chain,
			  const struct rhp_bounds *stack, uintptr_t frame,
			  enum rhp_function function, uint32_t node);

/* The frame that a chain goes on with; the same one if it ends here. The rotation makes
 * an address that is no word's, or lies before this one, a large number. */
READS_STACKS static ALWAYS_INLINE const struct rhp_frame_record *
rhp_frame_next(const struct rhp_frame_record *frame, uintptr_t last)
{
	const uintptr_t word = sizeof(uintptr_t), bits = 8 * word;
	const uintptr_t shift = word == 8 ? 3 : 2;
	uintptr_t next = rhp_record_of(frame->next), way = next - (uintptr_t)frame;
	uintptr_t words = way >> shift | way << (bits - shift);
	return words <= (last - (uintptr_t)frame) >> shift
		       ? (const struct rhp_frame_record *)next
		       : frame;
}

/* The same of a stack that was walked by rules, as this trail remembers it. */
HIDDEN void rhp_memo_keep_walk(struct rhp_memo *m, const struct rhp_trail *trail,
			       const struct rhp_bounds *stack, uintptr_t frame,
			       enum rhp_function function, uint32_t node);

/* A number below `n`, a power of two. */
static ALWAYS_INLINE uint32_t rhp_memo_index(uint64_t hash, uint32_t n)
{
	return (uint32_t)((hash ^ hash >> 32) * RHP_POLY_WEIGHT >> 32) /
	       (UINT32_MAX / n + 1);
}

static ALWAYS_INLINE struct rhp_memo_stack *rhp_memo_at(const struct rhp_memo *m,
							uint64_t hash)
{
	return &m->stacks[rhp_memo_index(hash, RHP_MEMO_STACKS)];
}

/* Whether a place has a stack of this function from this frame on. */
static ALWAYS_INLINE bool rhp_memo_has(const struct rhp_memo *m,
				       const struct rhp_memo_stack *s, uintptr_t frame,
				       enum rhp_function function)
{
	return s->frame == frame && s->function == function &&
	       m->end - s->begin <= RHP_MEMO_PAIRS;
}

static ALWAYS_INLINE const union rhp_pair *rhp_memo_pairs(const struct rhp_memo *m,
							  const struct rhp_memo_stack *s)
{
	return &m->pairs[s->begin % RHP_MEMO_PAIRS];
}

READS_STACKS static ALWAYS_INLINE uintptr_t
rhp_pair_difference(const union rhp_pair *kept, const struct rhp_frame_record *now)
{
	return (kept->next ^ now->next) | (kept->ip ^ now->ip);
}

/*
 * Whether the n frames from `at` on are what was kept. The two that were made last come
 * first, for there most stacks differ, and word by word, for a processor waits for stores
 * that it must put together.
 */
READS_STACKS static ALWAYS_INLINE bool rhp_memo_holds(const union rhp_pair *kept,
						      uint32_t n, uintptr_t at)
{
#define FRAME_OF(i) rhp_record_of(kept[i].next)
	const union rhp_pair *end = kept + n;
	uintptr_t some =
		rhp_pair_difference(&kept[0], (const struct rhp_frame_record *)at) |
		rhp_pair_difference(&kept[1],
				    (const struct rhp_frame_record *)FRAME_OF(0));
	if (some != 0)
		return false;
	kept += 2;
#if __SIZEOF_POINTER__ == 8
	typedef uint64_t loose __attribute__((vector_size(16), aligned(8), may_alias));
	loose rest = {0, 0};
#define DIFFERENCE(i) (kept[i].both ^ *(const loose *)FRAME_OF((i)-1))
	/* An address, for it may lie before the pairs */
	const uintptr_t fours = (uintptr_t)end - 4 * sizeof(*end);
	for (; (uintptr_t)kept <= fours; kept += 4)
		rest |= DIFFERENCE(0) | DIFFERENCE(1) | DIFFERENCE(2) | DIFFERENCE(3);
	for (; kept < end; kept++)
		rest |= DIFFERENCE(0);
#undef DIFFERENCE
	some |= rest[0] | rest[1];
#else
	for (; kept < end; kept++)
		some |= rhp_pair_difference(
			kept, (const struct rhp_frame_record *)FRAME_OF(-1));
#endif
#undef FRAME_OF
	return some == 0;
}

/* The same of a stack that was walked by rules, or of another whose words lie there too:
 * its node, or 0. */
HIDDEN uint32_t rhp_memo_find_walk(const struct rhp_memo *m,
				   const struct rhp_memo_stack *s);

/* The node of this stack, if it is the one that begins at `frame`, or 0. */
READS_STACKS static ALWAYS_INLINE uint32_t
rhp_memo_compare(const struct rhp_memo *m, const struct rhp_memo_stack *s,
		 uintptr_t frame, enum rhp_function function)
{
	if (!rhp_memo_has(m, s, frame, function))
		return 0;
	if (UNLIKELY(s->by_rules))
		return rhp_memo_find_walk(m, s);
	return rhp_memo_holds(rhp_memo_pairs(m, s), s->n, frame) ? s->node : 0;
}

/* The same of the stack that is kept for its innermost return addresses, unless that is
 * `*found`, which was compared. If it is the one, `*found` is set to it. */
HIDDEN uint32_t rhp_memo_look(const struct rhp_memo *m, uint16_t *found, uintptr_t frame,
			      uintptr_t last, enum rhp_function function);

/* Which stack was found last where this call came from here. */
READS_STACKS static ALWAYS_INLINE uint16_t *rhp_memo_found(struct rhp_memo *m,
							   uintptr_t frame)
{
	uint64_t call = frame ^ ((const struct rhp_frame_record *)frame)->ip;
	return &m->found[rhp_memo_index(call, RHP_MEMO_CALLS)];
}

/*
 * Returns the node of the stack that begins at `frame`, if that is remembered, or 0. The
 * caller knows that everything from `frame` to a frame at `last` is readable. A handler
 * that comes in the middle changes nothing, and finds nothing.
 *
 * The stack that was found last of the same call is tried first: that takes no following
 * of frames, each of which waits for the one before.
 */
READS_STACKS static ALWAYS_INLINE uint32_t rhp_memo_find(struct rhp_memo *m,
							 uintptr_t frame, uintptr_t last,
							 enum rhp_function function)
{
	if (UNLIKELY(!m->pairs || m->busy.frame != 0 || m->rest != 0))
		return 0;
	rhp_place_set(&m->busy, (const void *)frame);
	uint16_t *found = rhp_memo_found(m, frame);
	uint32_t node = rhp_memo_compare(m, &m->stacks[*found], frame, function);
	if (UNLIKELY(node == 0))
		node = rhp_memo_look(m, found, frame, last, function);
	if (node != 0) {
		m->credit = RHP_MEMO_CREDIT;
		m->looks = RHP_MEMO_LOOKS;
	}
	rhp_place_clear(&m->busy);
	return node;
}
