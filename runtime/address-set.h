/* SPDX-License-Identifier: MIT */
/*
 * A set of addresses that is asked far more often than it changes: asking takes no
 * lock unless it meets a change. Grows, never shrinks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/cc.h"
#include "runtime/os.h"

struct rhp_addresses {
	uint32_t shift;     /* of a hash, to an index */
	uint32_t n_slots;   /* a power of two */
	uintptr_t slots[1]; /* 0: free; n_slots of them */
};

struct rhp_address_set {
	struct rhp_addresses *addresses; /* NULL: empty */
	uint32_t changes;                /* odd while one is under way */
	uint32_t n;
	struct rhp_lock lock; /* of those who change it */
};

static ALWAYS_INLINE uint32_t rhp_addresses_index(const struct rhp_addresses *a,
						  uintptr_t address)
{
	return (uint32_t)((uint64_t)(address >> 3) * UINT64_C(0x9e3779b97f4a7c15) >>
			  a->shift);
}

/*
 * Whether an address is in the set. The answer is certain for an address that nobody
 * adds or removes meanwhile. Async-signal-safe.
 */
HIDDEN bool rhp_address_set_has(struct rhp_address_set *set, uintptr_t address);

/* The same asked in haste: true if it surely is not. */
static ALWAYS_INLINE bool rhp_address_set_lacks(const struct rhp_address_set *set,
						uintptr_t address)
{
	uint32_t changes = __atomic_load_n(&set->changes, __ATOMIC_ACQUIRE);
	const struct rhp_addresses *a =
		__atomic_load_n(&set->addresses, __ATOMIC_ACQUIRE);
	if (UNLIKELY(!a || changes % 2))
		return !a;
	uint32_t i = rhp_addresses_index(a, address);
	return __atomic_load_n(&a->slots[i], __ATOMIC_ACQUIRE) == 0 &&
	       __atomic_load_n(&set->changes, __ATOMIC_RELAXED) == changes;
}

/* Adds an address that is not in it; false if there is no memory. Removes one that
 * is. Both take the lock. */
HIDDEN bool rhp_address_set_add(struct rhp_address_set *set, uintptr_t address);
HIDDEN void rhp_address_set_remove(struct rhp_address_set *set, uintptr_t address);
