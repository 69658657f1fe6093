/* SPDX-License-Identifier: MIT */
/*
 * A program may replace operator new and delete, and libstdc++ then calls the program's,
 * past our shims; and so does the file that defines them. What one side creates the other
 * one frees. So in such a program no operator is recorded, but what the operators
 * themselves call: whoever calls them, that is the same.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/cc.h"

enum {
	RHP_OPERATORS_NONE = 0,     /* this link has no shims for them */
	RHP_OPERATORS_WRAPPED = 1,  /* it has */
	RHP_OPERATORS_REPLACED = 2, /* the same, and the program has its own */
};

/* Set before anything of the program runs; only a dynamic program can find out. */
extern HIDDEN uint32_t rhp_operators;

/*
 * Where it is another object that finds out whether they are replaced: called as soon as
 * that, and the shims, have said that they are there. Neither may refer to the other: not
 * every link has both, and not every linker can do with a weak reference that is hidden.
 */
extern HIDDEN void (*rhp_look_for_operators)(void);

static inline void rhp_operators_meet(void)
{
	if (rhp_operators == RHP_OPERATORS_WRAPPED && rhp_look_for_operators)
		rhp_look_for_operators();
}

static ALWAYS_INLINE bool rhp_operators_are_replaced(void)
{
	return UNLIKELY(rhp_operators == RHP_OPERATORS_REPLACED);
}
