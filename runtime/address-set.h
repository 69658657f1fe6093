/* SPDX-License-Identifier: MIT */
/*
 * A set of addresses that is asked far more often than it changes. Grows, never
 * shrinks. Whoever asks about an address must be the one who may add or remove it at
 * that time; others may change the rest of the set.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/cc.h"
#include "runtime/os-lock.h"

/*
 * Open addressing with linear probing. In front of it a filter: of all numbers that
 * the first `64 - shift` bits of a hash can make, those that an address has.
 */
struct rhp_addresses {
	uint32_t shift;
	uint32_t n_slots; /* a power of two, 1/16 of the numbers */
	uintptr_t *slots; /* 0: free */
	uint64_t filter[];
};

struct rhp_address_set {
	struct rhp_addresses *addresses; /* NULL: empty */
	uint32_t n;
	uint32_t changes;     /* odd while one is under way */
	struct rhp_lock lock; /* of those who change it */
};

static ALWAYS_INLINE uint64_t rhp_address_hash(uintptr_t address)
{
	return (uint64_t)(address >> 3) * UINT64_C(0x9e3779b97f4a7c15);
}

/*
 * True if an address is not in the set for sure, and the set was not always empty.
 * Async-signal-safe.
 */
static ALWAYS_INLINE bool rhp_address_set_lacks(const struct rhp_address_set *set,
						uintptr_t address)
{
	const struct rhp_addresses *a =
		__atomic_load_n(&set->addresses, __ATOMIC_ACQUIRE);
	if (LIKELY(!a))
		return false;
	uint64_t number = rhp_address_hash(address) >> a->shift;
	uint64_t bits = __atomic_load_n(&a->filter[number / 64], __ATOMIC_RELAXED);
	return !(bits >> number % 64 & 1);
}

/* Whether an address is in the set. Async-signal-safe. */
HIDDEN bool rhp_address_set_has(struct rhp_address_set *set, uintptr_t address);

/* Empties the set. Adds an address; false if there is no memory. Removes one. Whether it
 * was in the set may have changed since that was asked: a trace may have ended, or the
 * block have been freed where it is not seen. All take the lock. */
HIDDEN void rhp_address_set_clear(struct rhp_address_set *set);
HIDDEN bool rhp_address_set_add(struct rhp_address_set *set, uintptr_t address);
HIDDEN void rhp_address_set_remove(struct rhp_address_set *set, uintptr_t address);
