/* SPDX-License-Identifier: MIT */
/* Names of C89, and of GNU C where %a means what %m does. */
#include "wrap/libc-scanf.h"

SCANF_FAMILY()
