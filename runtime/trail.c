/* SPDX-License-Identifier: MIT */
/* The hash is a polynomial, as that of chain.c is, and for the same reason. */
#include "runtime/machine.h"
#include "runtime/polynomial.h"
#include "runtime/trail.h"

#define MEMORY 4 /* times the window: frames of a stack that can be remembered */
#define PAUSE 64 /* walks, after one that could not be remembered */

/* Rules that need more than two words of the stack. */
#define UNUSUAL                                                                          \
	(RHP_RULE_CFA_DEREF | RHP_RULE_EXACT | RHP_RULE_NONE | RHP_RULE_RA_LINK |        \
	 RHP_RULE_CFA_FP2 | RHP_RULE_FP2_SAVED)

size_t rhp_trail_room(uint32_t window)
{
	return 2 * MEMORY * (size_t)window * sizeof(struct rhp_step);
}

void rhp_trail_init(struct rhp_trail *t, void *room, uint32_t window)
{
	*t = (struct rhp_trail){.steps = room,
				.capacity = MEMORY * window,
				.window = window,
				.window_power = rhp_poly_power(window)};
	t->fresh = room ? t->steps + t->capacity : NULL;
}

static ALWAYS_INLINE bool read_known(const struct rhp_bounds *stack, uintptr_t at,
				     uintptr_t *word)
{
	return at % sizeof(*word) == 0 && at >= stack->low &&
	       at <= stack->high - sizeof(*word) && rhp_read_word(stack, at, word);
}

/* One step to the caller, noting what is read. False if that is not simple. */
READS_STACKS static bool step(struct rhp_rule rule, const struct rhp_bounds *stack,
			      struct rhp_regs *regs, struct rhp_step *noted)
{
	uintptr_t cfa = (rule.flags & RHP_RULE_CFA_FP ? regs->fp : regs->sp) +
			(uintptr_t)rule.cfa;
	uintptr_t ra_from = rule.flags & RHP_RULE_RA_SP ? regs->sp : cfa;
	uintptr_t fp_from = rule.flags & RHP_RULE_FP_SP   ? regs->sp
			    : rule.flags & RHP_RULE_FP_FP ? regs->fp
							  : cfa;
	noted->ra_at = ra_from + (uintptr_t)rule.ra;
	noted->fp_at = rule.flags & RHP_RULE_FP_SAVED ? fp_from + (uintptr_t)rule.fp
						      : noted->ra_at;
	noted->uses_fp = rule.flags & (RHP_RULE_CFA_FP | RHP_RULE_FP_FP);
	/* Read again later without asking: never below where the thread stands then. */
	if (cfa <= regs->sp || noted->ra_at < regs->sp || noted->fp_at < regs->sp ||
	    !read_known(stack, noted->ra_at, &noted->ra) ||
	    !read_known(stack, noted->fp_at, &noted->fp_was))
		return false;
	if (rule.flags & RHP_RULE_FP_SAVED)
		regs->fp = noted->fp_was;
	regs->ip = rhp_code_address(noted->ra);
	regs->sp = cfa;
	return regs->ip != 0;
}

/* How many of the first k steps, outermost first, still read what they read. */
READS_STACKS static uint32_t count_intact(const struct rhp_step *steps, uint32_t k)
{
	for (uint32_t i = 1; i < k; i++) {
		const struct rhp_step *s = &steps[i];
		if ((*(const uintptr_t *)s->ra_at ^ s->ra) |
		    (*(const uintptr_t *)s->fp_at ^ s->fp_was))
			return i;
	}
	return k;
}

static bool is_at(const struct rhp_step *s, const struct rhp_regs *regs)
{
	return s->sp == regs->sp && s->ip == regs->ip && s->fp == regs->fp;
}

/*
 * Walks until it meets what is remembered and still holds, or the end of the stack.
 * Returns how many remembered steps hold; the ones before them are in t->fresh. -1
 * if this stack cannot be remembered.
 */
READS_STACKS static int64_t meet(struct rhp_trail *t, struct rhp_regs regs,
				 const struct rhp_bounds *stack, struct rhp_stream *out,
				 uint32_t *n_fresh)
{
	uint32_t k = t->n;
	for (uint32_t n = 0; n < t->capacity;) {
		while (k > 0 && t->steps[k - 1].sp < regs.sp)
			k--;
		if (k > 0 && is_at(&t->steps[k - 1], &regs)) {
			uint32_t intact = count_intact(t->steps, k);
			*n_fresh = n;
			if (intact == k)
				return k;
			k = intact;
			continue;
		}
		struct rhp_rule rule = rhp_unwind_rule(regs.ip, false, out);
		struct rhp_step *noted = &t->fresh[n++];
		*noted = (struct rhp_step){.sp = regs.sp, .ip = regs.ip, .fp = regs.fp};
		*n_fresh = n;
		if (rule.flags & RHP_RULE_END)
			return 0;
		if (rule.flags & UNUSUAL || !step(rule, stack, &regs, noted))
			return -1;
	}
	return -1;
}

/* Nothing is remembered while this is being changed: a jump may leave it so. */
static void remember(struct rhp_trail *t, uint32_t k, uint32_t n)
{
	uint64_t hash = k > 0 ? t->steps[k - 1].hash : 0;
	t->n = 0;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	while (n > 0) {
		struct rhp_step *s = &t->steps[k++];
		*s = t->fresh[--n];
		s->hash = hash = rhp_poly_append(hash, s->ip);
	}
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	t->n = k;
}

READS_STACKS uint64_t rhp_trail_hash(struct rhp_trail *t, struct rhp_regs regs,
				     const struct rhp_bounds *stack,
				     struct rhp_stream *out)
{
	if (!t->steps || t->rest > 0 || regs.exact || stack->high == 0) {
		t->rest -= t->rest > 0;
		return 0;
	}
	uint32_t n_fresh;
	int64_t k = meet(t, regs, stack, out, &n_fresh);
	if (k < 0 || (uint64_t)k + n_fresh > t->capacity) {
		t->rest = PAUSE;
		return 0;
	}
	if (n_fresh > 0)
		remember(t, (uint32_t)k, n_fresh);
	uint64_t n = (uint64_t)k + n_fresh, hash = t->steps[n - 1].hash;
	bool truncated = n > t->window;
	if (truncated)
		hash -= t->steps[n - t->window - 1].hash * t->window_power;
	return (hash + truncated) | 1;
}
