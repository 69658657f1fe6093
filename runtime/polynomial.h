/* SPDX-License-Identifier: MIT */
/*
 * The hash of a sequence of addresses, as a polynomial modulo 2^64: that of a longer
 * sequence follows from that of its beginning, and what came first can be taken off
 * again. Whoever uses it as a key mixes it once more.
 */
#pragma once

#include <stdint.h>

#include "runtime/cc.h"

#define RHP_POLY_WEIGHT UINT64_C(0x9e3779b97f4a7c15) /* odd: nothing is lost */

static ALWAYS_INLINE uint64_t rhp_poly_value(uintptr_t address)
{
	uint64_t value = address * UINT64_C(0x9fb21c651e98df25);
	return value ^ value >> 32;
}

static ALWAYS_INLINE uint64_t rhp_poly_append(uint64_t hash, uintptr_t address)
{
	return hash * RHP_POLY_WEIGHT + rhp_poly_value(address);
}

/* What `hash` weighs in one that is n addresses longer is hash times this. */
static inline uint64_t rhp_poly_power(uint32_t n)
{
	uint64_t power = 1;
	while (n-- > 0)
		power *= RHP_POLY_WEIGHT;
	return power;
}
