/* SPDX-License-Identifier: MIT */
/* What the headers of glibc before 2.38 turn scanf into. */
#include "wrap/libc-scanf.h"

SCANF_FAMILY(__isoc99_)
