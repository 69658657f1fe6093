/* SPDX-License-Identifier: MIT */
/*
 * Open addressing with linear probing, at most a quarter full, so that for most
 * addresses the first slot is free. Who asks looks at a count of changes before and
 * after, and waits for the lock only if it moved (a sequence lock). Tables that
 * became too small stay, for somebody may be reading them: all together they are no
 * larger than the last one.
 */
#include "runtime/address-set.h"

#define LEAST_SLOTS 1024u
#define SLOTS_PER_ADDRESS 4

static uint32_t find(const struct rhp_addresses *a, uintptr_t address)
{
	uint32_t i = rhp_addresses_index(a, address);
	for (;; i = (i + 1) & (a->n_slots - 1)) {
		uintptr_t at = __atomic_load_n(&a->slots[i], __ATOMIC_ACQUIRE);
		if (at == address || at == 0)
			return i;
	}
}

static bool is_at(const struct rhp_addresses *a, uint32_t i, uintptr_t address)
{
	return __atomic_load_n(&a->slots[i], __ATOMIC_RELAXED) == address;
}

bool rhp_address_set_has(struct rhp_address_set *set, uintptr_t address)
{
	uint32_t changes = __atomic_load_n(&set->changes, __ATOMIC_ACQUIRE);
	const struct rhp_addresses *a =
		__atomic_load_n(&set->addresses, __ATOMIC_ACQUIRE);
	if (!a)
		return false;
	bool found = is_at(a, find(a, address), address);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (changes % 2 == 0 &&
	    __atomic_load_n(&set->changes, __ATOMIC_RELAXED) == changes)
		return found;
	rhp_lock_take(&set->lock);
	a = set->addresses;
	found = is_at(a, find(a, address), address);
	rhp_lock_drop(&set->lock);
	return found;
}

static void put(struct rhp_addresses *a, uint32_t i, uintptr_t address)
{
	__atomic_store_n(&a->slots[i], address, __ATOMIC_RELEASE);
}

static bool grow(struct rhp_address_set *set)
{
	const struct rhp_addresses *old = set->addresses;
	uint32_t n_slots = old ? 2 * old->n_slots : LEAST_SLOTS;
	struct rhp_addresses *a =
		n_slots ? rhp_os_alloc(sizeof(*a) + n_slots * sizeof(a->slots[0])) : NULL;
	if (!a)
		return false;
	a->n_slots = n_slots;
	a->shift = 64 - (uint32_t)__builtin_ctz(n_slots);
	for (uint32_t i = 0; old && i < old->n_slots; i++)
		if (old->slots[i])
			put(a, find(a, old->slots[i]), old->slots[i]);
	__atomic_store_n(&set->addresses, a, __ATOMIC_RELEASE);
	return true;
}

/* Around a change; whoever sees a part of it sees that the count moved. */
static void begin_change(struct rhp_address_set *set)
{
	__atomic_store_n(&set->changes, set->changes + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static void end_change(struct rhp_address_set *set)
{
	__atomic_store_n(&set->changes, set->changes + 1, __ATOMIC_RELEASE);
}

bool rhp_address_set_add(struct rhp_address_set *set, uintptr_t address)
{
	rhp_lock_take(&set->lock);
	begin_change(set);
	bool ok = (set->addresses &&
		   set->n < set->addresses->n_slots / SLOTS_PER_ADDRESS) ||
		  grow(set);
	if (ok) {
		put(set->addresses, find(set->addresses, address), address);
		set->n++;
	}
	end_change(set);
	rhp_lock_drop(&set->lock);
	return ok;
}

/* Leaves no hole in front of an address that would not be found behind it. */
static void close_hole(struct rhp_addresses *a, uint32_t hole)
{
	uint32_t mask = a->n_slots - 1;
	for (uint32_t i = (hole + 1) & mask; a->slots[i]; i = (i + 1) & mask) {
		uint32_t home = rhp_addresses_index(a, a->slots[i]);
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		put(a, hole, a->slots[i]);
		hole = i;
	}
	put(a, hole, 0);
}

void rhp_address_set_remove(struct rhp_address_set *set, uintptr_t address)
{
	rhp_lock_take(&set->lock);
	begin_change(set);
	close_hole(set->addresses, find(set->addresses, address));
	set->n--;
	end_change(set);
	rhp_lock_drop(&set->lock);
}
