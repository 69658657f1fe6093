/* SPDX-License-Identifier: MIT */
/* The hash is a polynomial, innermost frame last: frames are added to that of the
 * outer part, and those beyond the window taken off. */
#include <string.h>

#include "runtime/chain.h"
#include "runtime/machine.h"
#include "runtime/polynomial.h"

#define MEMORY 4 /* times the window: frames that are remembered */
#define AHEAD 2  /* times the window: frames that are followed at once, at most */
#define STRIDE 4 /* frames that are compared together */
#define JUST_MADE 2

size_t rhp_chain_room(uint32_t window)
{
	return (MEMORY + AHEAD) * (size_t)window * sizeof(struct rhp_link);
}

void rhp_chain_init(struct rhp_chain_memory *m, void *room, uint32_t window)
{
	*m = (struct rhp_chain_memory){.links = room,
				       .capacity = MEMORY * window,
				       .below = 1,
				       .window = window,
				       .window_power = rhp_poly_power(window)};
	m->fresh = room ? m->links + m->capacity : NULL;
}

static ALWAYS_INLINE bool goes_on(uintptr_t frame, uintptr_t next, uintptr_t last)
{
	return next > frame && next <= last && next % sizeof(uintptr_t) == 0;
}

static ALWAYS_INLINE uint64_t finish(const struct rhp_chain_memory *m, uint64_t hash,
				     bool at_base)
{
	/* The same addresses may stand at the base and in the middle of a stack. */
	return hash + (at_base ? m->below : 0);
}

/* Without a memory. */
READS_STACKS static NOINLINE uint64_t hash_anew(const struct rhp_chain_memory *m,
						uintptr_t frame, uintptr_t last,
						uintptr_t base)
{
	uint64_t hash = 0, power = 1;
	for (uint32_t i = 0;; i++) {
		const uintptr_t *at = (const uintptr_t *)frame;
		uintptr_t next = rhp_record_of(at[0]);
		hash += rhp_poly_value(rhp_code_address(at[1])) * power;
		power *= RHP_POLY_WEIGHT;
		if (i + 1 == m->window || !goes_on(frame, next, last))
			return finish(m, hash, frame == base);
		frame = next;
	}
}

static ALWAYS_INLINE READS_STACKS bool is_intact(const struct rhp_link *link)
{
	const uintptr_t *at = (const uintptr_t *)link->at;
	return ((at[0] ^ link->next) | (at[1] ^ link->ip)) == 0;
}

#if __SIZEOF_POINTER__ == 8
/* Both words of a frame in one register. */
typedef uint64_t pair __attribute__((vector_size(16), aligned(8), may_alias));

static ALWAYS_INLINE READS_STACKS pair difference(const struct rhp_link *link)
{
	return *(const pair *)link->at ^ *(const pair *)&link->next;
}

static ALWAYS_INLINE READS_STACKS bool are_intact(const struct rhp_link *link)
{
	pair sum = difference(&link[0]) | difference(&link[1]) | difference(&link[2]) |
		   difference(&link[3]);
	return (sum[0] | sum[1]) == 0;
}
#else
static ALWAYS_INLINE READS_STACKS bool are_intact(const struct rhp_link *link)
{
	return is_intact(&link[0]) && is_intact(&link[1]) && is_intact(&link[2]) &&
	       is_intact(&link[3]);
}
#endif

/*
 * How many of the first k links, from `low` on, are still what they were. Frames that
 * were just made are compared word by word, for a processor waits for stores that it must
 * put together.
 */
READS_STACKS static ALWAYS_INLINE uint32_t count_intact(const struct rhp_link *links,
							uint32_t low, uint32_t k)
{
	const struct rhp_link *link = links + low, *end = links + k;
	while (end - link >= STRIDE + JUST_MADE && LIKELY(are_intact(link)))
		link += STRIDE;
	while (link < end && LIKELY(is_intact(link)))
		link++;
	return (uint32_t)(link - links);
}

/* Where frames lie as before and return elsewhere, from link i to link k, takes that
 * over. Returns the first link that lies elsewhere, or k. */
READS_STACKS static uint32_t repair(struct rhp_chain_memory *m, uint32_t i, uint32_t k)
{
	uint64_t hash = i > 0 ? m->links[i - 1].hash : m->before;
	for (; i < k; i++) {
		struct rhp_link *link = &m->links[i];
		const uintptr_t *at = (const uintptr_t *)link->at;
		if (at[0] != link->next)
			break;
		link->ip = at[1];
		link->hash = hash = rhp_poly_append(hash, rhp_code_address(link->ip));
	}
	m->n = i; /* the hashes of those inside it are of what was there */
	return i;
}

/* Makes room for the new frames by forgetting those far outside the window. */
static COLD uint32_t drop_outer(struct rhp_chain_memory *m, uint32_t k)
{
	uint32_t keep = m->window < k ? m->window : k;
	if (k > keep) {
		m->before = m->links[k - keep - 1].hash;
		m->is_whole = false;
		memmove(m->links, m->links + k - keep, keep * sizeof(*m->links));
	}
	return keep;
}

/* Adds the new frames behind the first k links. */
static ALWAYS_INLINE void remember(struct rhp_chain_memory *m, uint32_t k, uint32_t n)
{
	if (UNLIKELY(k + n > m->capacity))
		k = drop_outer(m, k);
	uint64_t hash = k > 0 ? m->links[k - 1].hash : m->before;
	m->n = k + n;
	while (n > 0) {
		struct rhp_link *link = &m->links[k++];
		*link = m->fresh[--n];
		link->hash = hash = rhp_poly_append(hash, rhp_code_address(link->ip));
	}
}

/* Follows the chain from its beginning, no remembered frame regarded, and further
 * than the window: a deep recursion that returns will need those frames. */
READS_STACKS static NOINLINE uint32_t follow_anew(struct rhp_chain_memory *m,
						  uintptr_t frame, uintptr_t last)
{
	m->before = 0;
	for (uint32_t n = 0;;) {
		const uintptr_t *at = (const uintptr_t *)frame;
		m->fresh[n++] = (struct rhp_link){frame, at[0], at[1], 0};
		uintptr_t next = rhp_record_of(at[0]);
		m->is_whole = !goes_on(frame, next, last);
		if (m->is_whole || n == AHEAD * m->window)
			return n;
		frame = next;
	}
}

/*
 * Follows the chain until it meets what is remembered, `k` links of it, and
 * looks whether that still holds; if it does up to some link, goes on up to there.
 * Returns the links that hold; the frames before them are in m->fresh. Links beyond
 * the window may be out of date.
 */
READS_STACKS static ALWAYS_INLINE uint32_t meet(struct rhp_chain_memory *m,
						uintptr_t frame, uintptr_t last,
						uint32_t *n_fresh)
{
	const struct rhp_link *links = m->links;
	uintptr_t at = frame;
	for (uint32_t k = m->n, n = 0; k > 0 && n < m->window;) {
		if (links[k - 1].at < at) {
			k--;
		} else if (links[k - 1].at == at) {
			uint32_t rest = m->window - n, low = k > rest ? k - rest : 0;
			uint32_t intact = count_intact(links, low, k);
			if (UNLIKELY(intact != k))
				intact = repair(m, intact, k);
			if (LIKELY(intact == k && (m->is_whole || k >= rest))) {
				*n_fresh = n;
				return k;
			}
			k = intact == k ? 0 : intact;
		} else {
			const uintptr_t *words = (const uintptr_t *)at;
			m->fresh[n++] = (struct rhp_link){at, words[0], words[1], 0};
			uintptr_t next = rhp_record_of(words[0]);
			if (!goes_on(at, next, last))
				break;
			at = next;
		}
	}
	*n_fresh = follow_anew(m, frame, last);
	return 0;
}

READS_STACKS static ALWAYS_INLINE uint64_t hash_remembered(struct rhp_chain_memory *m,
							   uintptr_t frame,
							   uintptr_t last, uintptr_t base)
{
	uint32_t n_fresh, k = meet(m, frame, last, &n_fresh);
	if (n_fresh > 0) {
		remember(m, k, n_fresh);
		k = m->n;
	}
	const struct rhp_link *links = m->links;
	uint64_t hash = links[k - 1].hash;
	uint32_t outermost = k > m->window ? k - m->window : 0;
	uint64_t before = outermost > 0 ? links[outermost - 1].hash : m->before;
	if (k >= m->window)
		hash -= before * m->window_power;
	return finish(m, hash, links[outermost].at == base);
}

READS_STACKS uint64_t rhp_chain_hash(struct rhp_chain_memory *m, uintptr_t frame,
				     uintptr_t last, uintptr_t base)
{
	const void *here = (const void *)frame;
	if (UNLIKELY(!m->links ||
		     (m->busy.frame != 0 && rhp_place_alive(&m->busy, here, NULL))))
		return hash_anew(m, frame, last, base);
	/* Who was at it was left by a jump: it may have stopped anywhere. */
	if (UNLIKELY(m->busy.frame != 0))
		rhp_chain_forget(m);
	rhp_place_set(&m->busy, here);
	uint64_t hash = hash_remembered(m, frame, last, base);
	rhp_place_clear(&m->busy);
	return hash;
}
