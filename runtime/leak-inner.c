/* SPDX-License-Identifier: MIT */
/*
 * Blocks of declared allocators (--rheaper-wrap), which may lie in blocks of others: what
 * a pool hands out lies in the chunks that it takes from malloc. A leak is that of the
 * chunk, so blocks in others are left out of the scan; whether one of them is still there
 * when its chunk is not, the analysis knows, which has the events in their order.
 *
 * The trace has a family for each event, and the table of addresses a slot for each
 * family, so that a chunk and the first block in it are two. Only blocks of the family
 * LISTED may be freed by functions without one, and the other way round.
 *
 * A pool that is freed as a whole ends blocks that are taken for live here: the events of
 * a pool and of its blocks have stamps of several counters. Their memory may be given out
 * again, and what is there then is judged by itself.
 */
#include "runtime/leak-parts.h"

/* What malloc gave out, for all that a declared function that frees malloc's blocks did:
 * it ended this block if it did not give out one in it before. */
static bool outlives_declared(const struct leak_address *a, const struct leak_address *d)
{
	return d->is_live || d->latest < a->begun || d->begun > a->begun;
}

bool rhp_leak_is_live(const struct leak_address *a, const struct leak_address *other)
{
	if (!a->is_live || !other)
		return a->is_live;
	if (a->family == RHP_FAMILY_NONE)
		return outlives_declared(a, other);
	/* What a declared function gave out: an event of malloc's or free's at this
	 * address says that it is there no longer. */
	return other->latest < a->begun;
}

static bool is_inside(const struct leak_block *inner, const struct leak_block *outer)
{
	return inner->family != RHP_FAMILY_NONE && inner->family != outer->family &&
	       inner->address >= outer->address && inner->size <= outer->size &&
	       inner->address - outer->address <= outer->size - inner->size;
}

/* What seems to lie in a block that may be over is judged by itself. */
static bool holds(const struct leak_block *outer, const struct leak_block *inner)
{
	return !outer->may_be_over && is_inside(inner, outer);
}

/* Of two blocks at the same place the outer one is judged for both; of two of which
 * neither lies in the other one has ended unseen. */
static bool is_judged(const struct leak_block *b, const struct leak_block *other)
{
	if (holds(b, other) || holds(other, b))
		return holds(b, other);
	return b->may_be_over != other->may_be_over ? other->may_be_over
						    : b->stamp > other->stamp;
}

/* Blocks that begin at the same place come in any order. */
void rhp_leak_leave_inner(struct leak_scan *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n_blocks; i++) {
		struct leak_block b = s->blocks[i];
		struct leak_block *last = n ? &s->blocks[n - 1] : NULL;
		if (last && last->address == b.address)
			*last = is_judged(&b, last) ? b : *last;
		else if (!last || !holds(last, &b))
			s->blocks[n++] = b;
	}
	s->n_blocks = n;
}
