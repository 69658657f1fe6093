/* SPDX-License-Identifier: MIT */
/*
 * Open addressing with linear probing, as in table.c, in 16 bytes an entry: with many
 * stacks the cost of a look is the cache line that it misses, and of pages the entry of
 * the TLB. An entry is published by its word, which is never 0. To grow, what belongs to
 * the present epoch is copied; the old array stays mapped, because a reader may stand in
 * it, but its memory is given back: the reader finds nothing there.
 */
#include "contract/format.h"
#include "runtime/os-memory.h"
#include "runtime/seen.h"

#define FIRST_CAPACITY 1024u
#define VERDICT_BITS 2
#define EPOCH_SHIFT 32

_Static_assert(RHP_STACK_BITS + VERDICT_BITS <= EPOCH_SHIFT, "a word has both");

struct entry {
	uint64_t hash;
	rhp_u64 word; /* epoch, node and verdict */
};

struct entries {
	uint32_t capacity; /* a power of two */
	uint32_t n;        /* used; writers only */
	_Alignas(sizeof(struct entry)) struct entry entry[];
};

static struct entries *stacks; /* acquire to read, release to replace */

static size_t bytes_of(uint32_t capacity)
{
	return sizeof(struct entries) + (size_t)capacity * sizeof(struct entry);
}

static ALWAYS_INLINE uint64_t word_of(uint32_t epoch, struct rhp_seen seen)
{
	return (uint64_t)epoch << EPOCH_SHIFT | (uint64_t)seen.node << VERDICT_BITS |
	       seen.verdict;
}

/* Mixed once more: other bits of it choose the slot in a thread's own cache. */
static ALWAYS_INLINE uint32_t slot_of(uint64_t hash)
{
	return (uint32_t)(hash * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

bool rhp_seen_find(uint64_t hash, uint32_t epoch, struct rhp_seen *seen)
{
	const struct entries *all = __atomic_load_n(&stacks, __ATOMIC_ACQUIRE);
	if (!all)
		return false;
	for (uint32_t i = slot_of(hash);; i++) {
		const struct entry *e = &all->entry[i & (all->capacity - 1)];
		uint64_t word = __atomic_load_n(&e->word, __ATOMIC_ACQUIRE);
		if (word == 0)
			return false;
		if (e->hash != hash || word >> EPOCH_SHIFT != epoch)
			continue;
		*seen = (struct rhp_seen){
			(uint32_t)word >> VERDICT_BITS,
			(uint32_t)word & ((1u << VERDICT_BITS) - 1),
		};
		return true;
	}
}

static void put(struct entries *all, uint64_t hash, uint64_t word)
{
	uint32_t i = slot_of(hash);
	while (all->entry[i & (all->capacity - 1)].word != 0)
		i++;
	struct entry *e = &all->entry[i & (all->capacity - 1)];
	e->hash = hash;
	__atomic_store_n(&e->word, word, __ATOMIC_RELEASE);
	all->n++;
}

static bool grow(uint32_t epoch)
{
	struct entries *old = stacks;
	uint32_t kept = 0, capacity = FIRST_CAPACITY;
	for (uint32_t i = 0; old && i < old->capacity; i++)
		kept += old->entry[i].word >> EPOCH_SHIFT == epoch;
	while (capacity < 3 * kept)
		capacity *= 2;
	struct entries *made = rhp_os_alloc(bytes_of(capacity));
	if (!made)
		return false;
	made->capacity = capacity;
	for (uint32_t i = 0; old && i < old->capacity; i++)
		if (old->entry[i].word >> EPOCH_SHIFT == epoch)
			put(made, old->entry[i].hash, old->entry[i].word);
	__atomic_store_n(&stacks, made, __ATOMIC_RELEASE);
	/* Its head, which says how large it is, stays. */
	if (old)
		rhp_os_discard(old->entry, bytes_of(old->capacity) - sizeof(*old));
	return true;
}

void rhp_seen_add(uint64_t hash, uint32_t epoch, struct rhp_seen seen)
{
	struct rhp_seen other;
	if (rhp_seen_find(hash, epoch, &other))
		return;
	if (!stacks || stacks->n >= stacks->capacity - stacks->capacity / 3)
		if (!grow(epoch))
			return;
	put(stacks, hash, word_of(epoch, seen));
}

void rhp_seen_forget(void)
{
	if (!stacks)
		return;
	rhp_os_zero(stacks->entry, bytes_of(stacks->capacity) - sizeof(*stacks));
	stacks->n = 0;
}
