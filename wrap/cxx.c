/* SPDX-License-Identifier: MIT */
/* operator new and delete as the objects of this link call them. */
#include "wrap/operators.h"
#include "wrap/wrap.h"

RHP_SAY("operators=wrapped");

#ifndef RHP_PLUGIN
static void are_here(void)
{
	if (rhp_operators == RHP_OPERATORS_NONE)
		rhp_operators = RHP_OPERATORS_WRAPPED;
	rhp_operators_meet();
}
__attribute__((section(".preinit_array"),
	       used)) static void (*const preinit)(void) = are_here;
#endif

#define NAME(f) __wrap_##f
#define REAL(f) __real_##f

#define ENTER_ALLOC() rhp_enter(RHP_FRAME_HERE)

#include "wrap/cxx-shims.h"
