/* SPDX-License-Identifier: MIT */
/*
 * Where the calling thread's own stack is. Whatever lies next to it may be somebody
 * else's, a fiber's or a mapping that goes away: that it can be read says nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/place.h"

struct rhp_own_stack {
	struct rhp_bounds
		known;    /* belongs to it, and is mapped as long as the thread lives */
	uintptr_t lowest; /* it may grow down to here; known.low: it does not grow */
};

/* Of the calling thread, on whatever stack it is at the moment. `known` is empty if it
 * cannot be told. Allocates nothing, takes no lock. */
HIDDEN struct rhp_own_stack rhp_own_stack_find(void);

/* Whether `address` is on the stack, which may have grown since: `known` holds it then.
 */
HIDDEN bool rhp_own_stack_grow(struct rhp_own_stack *stack, uintptr_t address);
