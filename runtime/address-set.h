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
 * Open addressing with linear probing. A filter stands in front of it: it has one bit for
 * each number that the first `64 - shift` bits of a hash can make. The bit is set while
 * the set has an address with that number.
 */
struct rhp_addresses {
	uint32_t shift;
	uint32_t n_slots; /* a power of two, 1/16 of the numbers */
	uintptr_t *slots; /* 0: free */
	uint64_t filter[];
};

#define RHP_ADDRESS_PAGES 65536u /* a power of two */

struct rhp_address_set {
	struct rhp_addresses *addresses; /* NULL: empty */
	uint32_t n;
	uint32_t changes;     /* odd while one is under way */
	struct rhp_lock lock; /* of those who change it */
	/* Addresses in each page; pages so far from each other share a number. What was
	 * UINT8_MAX stays: there were too many to count. */
	uint8_t pages[RHP_ADDRESS_PAGES];
};

static ALWAYS_INLINE uint32_t rhp_address_page(uintptr_t address)
{
	return (uint32_t)(address >> 12) % RHP_ADDRESS_PAGES;
}

static ALWAYS_INLINE uint64_t rhp_address_hash(uintptr_t address)
{
	return (uint64_t)(address >> 3) * UINT64_C(0x9e3779b97f4a7c15);
}

/* True if an address is surely not in the set, false if it may be. Mostly its page says
 * so, which takes one load; if not, the filter does. Async-signal-safe. */
static ALWAYS_INLINE bool rhp_address_set_lacks(const struct rhp_address_set *set,
						uintptr_t address)
{
	if (LIKELY(__atomic_load_n(&set->pages[rhp_address_page(address)],
				   __ATOMIC_RELAXED) == 0))
		return true;
	const struct rhp_addresses *a =
		__atomic_load_n(&set->addresses, __ATOMIC_ACQUIRE);
	uint64_t number = rhp_address_hash(address) >> a->shift;
	uint64_t bits = __atomic_load_n(&a->filter[number / 64], __ATOMIC_RELAXED);
	return !(bits >> number % 64 & 1);
}

/* Whether an address is in the set. Async-signal-safe. */
HIDDEN bool rhp_address_set_has(struct rhp_address_set *set, uintptr_t address);

/*
 * The functions that change the set take its lock. Adding an address that is there, or
 * removing one that is not, does nothing: since the caller asked, a trace may have ended,
 * or the block may have been freed where we do not see it.
 */
HIDDEN void rhp_address_set_clear(struct rhp_address_set *set);
HIDDEN void rhp_address_set_remove(struct rhp_address_set *set, uintptr_t address);

/* False if there is no memory for it. */
HIDDEN bool rhp_address_set_add(struct rhp_address_set *set, uintptr_t address);
