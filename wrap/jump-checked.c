/* SPDX-License-Identifier: MIT */
/* What longjmp becomes with _FORTIFY_SOURCE; not every libc has it. */
#include "wrap/jump.h"

FORWARD_JUMP(__longjmp_chk)
