/* SPDX-License-Identifier: MIT */
/*
 * Open addressing with linear probing. An entry is published by storing
 * key[0] last, so a reader sees a whole entry or none. To grow, the entries
 * are copied into a new array that is then published; the old one stays
 * mapped, because a reader may stand in it at any time, but its memory is given back:
 * the reader finds zeros, and looks again at the key after it read the value. (A page
 * is gone as a whole, and an entry lies in one.)
 */
#include <errno.h>

#include "runtime/os-memory.h"
#include "runtime/table.h"

#define FIRST_CAPACITY 1024u

struct rhp_slots {
	uint32_t capacity; /* a power of two */
	uint32_t n;        /* used; writers only */
	_Alignas(sizeof(struct rhp_table_entry)) struct rhp_table_entry entry[];
};

#define SLOTS_BYTES(capacity)                                                            \
	(sizeof(struct rhp_slots) + (size_t)(capacity) * sizeof(struct rhp_table_entry))

static uint32_t hash(const uint64_t key[2])
{
	uint64_t h = (key[0] ^ (key[1] * UINT64_C(0xff51afd7ed558ccd))) *
		     UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(h >> 32);
}

bool rhp_table_find(const struct rhp_table *t, const uint64_t key[2], uint64_t value[2])
{
	const struct rhp_slots *s = __atomic_load_n(&t->slots, __ATOMIC_ACQUIRE);
	if (!s)
		return false;
	for (uint32_t i = hash(key);; i++) {
		const struct rhp_table_entry *e = &s->entry[i & (s->capacity - 1)];
		uint64_t first = __atomic_load_n(&e->key[0], __ATOMIC_ACQUIRE);
		if (first == 0)
			return false;
		if (first == key[0] && e->key[1] == key[1]) {
			value[0] = e->value[0];
			value[1] = e->value[1];
			__atomic_thread_fence(__ATOMIC_ACQUIRE);
			return __atomic_load_n(&e->key[0], __ATOMIC_RELAXED) == first;
		}
	}
}

static void put(struct rhp_slots *s, const uint64_t key[2], const uint64_t value[2])
{
	uint32_t i = hash(key);
	while (s->entry[i & (s->capacity - 1)].key[0] != 0)
		i++;
	struct rhp_table_entry *e = &s->entry[i & (s->capacity - 1)];
	e->key[1] = key[1];
	e->value[0] = value[0];
	e->value[1] = value[1];
	__atomic_store_n(&e->key[0], key[0], __ATOMIC_RELEASE);
	s->n++;
}

static struct rhp_slots *make_slots(uint32_t capacity)
{
	struct rhp_slots *s = rhp_os_alloc(SLOTS_BYTES(capacity));
	if (s)
		s->capacity = capacity;
	return s;
}

static int grow(struct rhp_table *t, uint64_t oldest)
{
	struct rhp_slots *old = t->slots;
	uint32_t kept = 0;
	for (uint32_t i = 0; old && i < old->capacity; i++)
		kept += old->entry[i].key[0] != 0 && old->entry[i].key[1] >= oldest;
	uint32_t capacity = FIRST_CAPACITY;
	while (capacity < 2 * kept)
		capacity *= 2;
	struct rhp_slots *s = make_slots(capacity);
	if (!s)
		return -ENOMEM;
	for (uint32_t i = 0; old && i < old->capacity; i++) {
		const struct rhp_table_entry *e = &old->entry[i];
		if (e->key[0] != 0 && e->key[1] >= oldest)
			put(s, e->key, e->value);
	}
	__atomic_store_n(&t->slots, s, __ATOMIC_RELEASE);
	/* Its head, which says how large it is, stays. */
	if (old)
		rhp_os_discard(old->entry, SLOTS_BYTES(old->capacity) - sizeof(*old));
	return 0;
}

void rhp_table_clear(struct rhp_table *t)
{
	struct rhp_slots *s = t->slots;
	if (!s)
		return;
	rhp_os_zero(s->entry, SLOTS_BYTES(s->capacity) - sizeof(*s));
	s->n = 0;
}

int rhp_table_add(struct rhp_table *t, const uint64_t key[2], const uint64_t value[2],
		  uint64_t oldest)
{
	const struct rhp_slots *s = t->slots;
	if (!s || s->n >= s->capacity - s->capacity / 4) {
		int r = grow(t, oldest);
		if (r < 0)
			return r;
	}
	put(t->slots, key, value);
	return 0;
}
