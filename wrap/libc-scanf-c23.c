/* SPDX-License-Identifier: MIT */
/* What the headers of glibc since 2.38 turn scanf into: an object of its own,
 * because older libcs lack it. */
#include "wrap/libc-scanf.h"

SCANF_FAMILY(__isoc23_)
