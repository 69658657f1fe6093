/* SPDX-License-Identifier: MIT */
/* operator new and delete as the objects of this link call them. */
#include "wrap/operators.h"
#include "wrap/wrap.h"

RHP_SAY("operators=wrapped");

#ifndef RHP_PLUGIN
/*
 * Something of the C++ library that is not defined here. The executable exports operators
 * of its own, and they are what these shims call: a program that takes nothing but the
 * operators from the library would be linked without it under --as-needed, and nothing
 * would stand behind them. A program that calls none does not come here.
 */
extern const char _ZTISt9bad_alloc;
static const char *volatile library = &_ZTISt9bad_alloc;

static void are_here(void)
{
	(void)library; /* or lld finds that nothing refers to it */
	if (rhp_operators == RHP_OPERATORS_NONE)
		rhp_operators = RHP_OPERATORS_WRAPPED;
	rhp_operators_meet();
}
__attribute__((section(".preinit_array"),
	       used)) static void (*const preinit)(void) = are_here;

/* By which lld finds these shims: interpose-cxx.c. */
extern char __real_rhp_shims;
HIDDEN char __real_rhp_shims;
#endif

#define NAME(f) __wrap_##f
#define REAL(f) __real_##f

#define ENTER_ALLOC() rhp_enter(RHP_FRAME_HERE)

#include "wrap/cxx-shims.h"
