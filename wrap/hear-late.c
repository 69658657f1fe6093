/* SPDX-License-Identifier: MIT */
/*
 * What not every libc has; and what the shims refer to weakly: lld since 19 takes the
 * function of such a reference out of libc.a, with a second malloc, unless all other
 * references to it are weak.
 */
#define RHP_STANDS_FOR rhp_hear_late
#define WRAP_core_late(name) HEAR(name)
#define WRAP_control_late(name) HEAR(name)

#include "wrap/bring.h"
#include "wrap/maybe.h"

RHP_MAYBE(HEAR)
