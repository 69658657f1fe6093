/* SPDX-License-Identifier: MIT */
/* operator new and delete as the objects of this link call them. */
#include "wrap/operators.h"
#include "wrap/wrap.h"

RHP_SAY("operators=wrapped");

uint32_t rhp_operators_replaced;

#define NAME(f) __wrap_##f
#define REAL(f) __real_##f

#define ENTER_ALLOC() rhp_enter(RHP_FRAME_HERE)

#include "wrap/cxx-shims.h"
