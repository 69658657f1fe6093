/* SPDX-License-Identifier: MIT */
/*
 * The filter needs no care of its readers: the bit of an address is set before it is in
 * the set and stays until it is not, whatever happens to the other bits. Whom it does
 * not answer looks for the address, with a count of changes before and after, and waits
 * for the lock if it moved (a sequence lock).
 *
 * A number of the filter begins with the index of the slot where a search begins, so
 * addresses of one number are neighbours: who removes one sees whether it was the last.
 * Tables that became too small stay, for somebody may be reading them: all together they
 * are no larger than the last one.
 */
#include "runtime/address-set.h"
#include "runtime/os-memory.h"

#define LEAST_SLOTS 1024u
#define SLOTS_PER_ADDRESS 4
#define NUMBERS_PER_SLOT_BITS 4

static uint64_t number_of(const struct rhp_addresses *a, uintptr_t address)
{
	return rhp_address_hash(address) >> a->shift;
}

static uint32_t home(const struct rhp_addresses *a, uintptr_t address)
{
	return (uint32_t)(number_of(a, address) >> NUMBERS_PER_SLOT_BITS);
}

static uint32_t find(const struct rhp_addresses *a, uintptr_t address)
{
	uint32_t i = home(a, address);
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

static void set_bit(struct rhp_addresses *a, uint64_t number, bool value)
{
	uint64_t *word = &a->filter[number / 64], bit = UINT64_C(1) << number % 64;
	__atomic_store_n(word, value ? *word | bit : *word & ~bit, __ATOMIC_RELEASE);
}

static void insert(struct rhp_addresses *a, uintptr_t address)
{
	set_bit(a, number_of(a, address), true);
	put(a, find(a, address), address);
}

static size_t filter_bytes(uint32_t n_slots)
{
	return ((size_t)n_slots << NUMBERS_PER_SLOT_BITS) / 8;
}

static struct rhp_addresses *make(uint32_t n_slots)
{
	struct rhp_addresses *a = NULL;
	if (n_slots != 0)
		a = rhp_os_alloc(sizeof(*a) + filter_bytes(n_slots) +
				 n_slots * sizeof(a->slots[0]));
	if (!a)
		return NULL;
	a->n_slots = n_slots;
	a->shift = 64 - (uint32_t)__builtin_ctz(n_slots) - NUMBERS_PER_SLOT_BITS;
	a->slots = (uintptr_t *)(void *)((char *)a->filter + filter_bytes(n_slots));
	return a;
}

static bool grow(struct rhp_address_set *set)
{
	const struct rhp_addresses *old = set->addresses;
	struct rhp_addresses *a = make(old ? 2 * old->n_slots : LEAST_SLOTS);
	if (!a)
		return false;
	for (uint32_t i = 0; old && i < old->n_slots; i++)
		if (old->slots[i])
			insert(a, old->slots[i]);
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

/* One address more or less in its page. */
static void count(struct rhp_address_set *set, uintptr_t address, bool more)
{
	uint8_t *n = &set->pages[rhp_address_page(address)];
	if (*n != UINT8_MAX)
		__atomic_store_n(n, (uint8_t)(*n + (more ? 1 : -1)), __ATOMIC_RELAXED);
}

bool rhp_address_set_add(struct rhp_address_set *set, uintptr_t address)
{
	rhp_lock_take(&set->lock);
	begin_change(set);
	bool ok = (set->addresses &&
		   set->n < set->addresses->n_slots / SLOTS_PER_ADDRESS) ||
		  grow(set);
	if (ok) {
		const struct rhp_addresses *a = set->addresses;
		if (!is_at(a, find(a, address), address)) {
			set->n++;
			count(set, address, true);
		}
		insert(set->addresses, address);
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
		uint32_t begin = home(a, a->slots[i]);
		if (((i - begin) & mask) < ((i - hole) & mask))
			continue;
		put(a, hole, a->slots[i]);
		hole = i;
	}
	put(a, hole, 0);
}

static bool has_number(const struct rhp_addresses *a, uint64_t number)
{
	uint32_t i = (uint32_t)(number >> NUMBERS_PER_SLOT_BITS);
	for (; a->slots[i]; i = (i + 1) & (a->n_slots - 1))
		if (number_of(a, a->slots[i]) == number)
			return true;
	return false;
}

void rhp_address_set_remove(struct rhp_address_set *set, uintptr_t address)
{
	struct rhp_addresses *a;
	rhp_lock_take(&set->lock);
	begin_change(set);
	a = set->addresses;
	if (is_at(a, find(a, address), address)) {
		set->n--;
		count(set, address, false);
	}
	close_hole(a, find(a, address));
	if (!has_number(a, number_of(a, address)))
		set_bit(a, number_of(a, address), false);
	end_change(set);
	rhp_lock_drop(&set->lock);
}

void rhp_address_set_clear(struct rhp_address_set *set)
{
	rhp_lock_take(&set->lock);
	/* In a forked child it may have been in the middle of a change. */
	set->changes &= ~1u;
	begin_change(set);
	struct rhp_addresses *a = set->addresses;
	if (a) {
		rhp_os_zero(a->filter,
			    filter_bytes(a->n_slots) + a->n_slots * sizeof(a->slots[0]));
		rhp_os_zero(set->pages, sizeof(set->pages));
	}
	set->n = 0;
	end_change(set);
	rhp_lock_drop(&set->lock);
}
