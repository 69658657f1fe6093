/* SPDX-License-Identifier: MIT */
#define NAME(f) __wrap_##f
#define REAL(f) __real_##f

#include "wrap/exec-shims.h"
