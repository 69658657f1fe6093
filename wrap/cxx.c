/* SPDX-License-Identifier: MIT */
/* operator new and delete as the objects of this link call them. */
#include "wrap/wrap.h"

RHP_SAY("operators=wrapped");

#define NAME(f) __wrap_##f
#define REAL(f) __real_##f

#include "wrap/cxx-shims.h"
