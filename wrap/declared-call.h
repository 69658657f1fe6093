/* SPDX-License-Identifier: MIT */
/* What the shim of a declared function calls. */
#pragma once

#include "contract/declared.h"
#include "runtime/runtime.h"

/* The argument registers, whatever the function makes of them. */
#define RHP_DECLARED_PARAMETERS                                                          \
	uintptr_t a0, uintptr_t a1, uintptr_t a2, uintptr_t a3, uintptr_t a4, uintptr_t a5

struct rhp_declared {
	struct rhp_declared_spec spec;
	uint32_t number; /* enum rhp_function, 0 before the first call */
	uintptr_t (*real)(RHP_DECLARED_PARAMETERS);
};

/* Calls the real function, and records what it does to blocks. */
HIDDEN uintptr_t rhp_declared_call(struct rhp_declared *declared, const void *frame,
				   RHP_DECLARED_PARAMETERS);
