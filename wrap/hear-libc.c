/* SPDX-License-Identifier: MIT */
/* The same of what libc allocates for the caller. */
#define RHP_STANDS_FOR rhp_hear_libc
#define WRAP_libc(name) HEAR(name)
#define WRAP_libc_late(name) HEAR(name)

#include "wrap/bring.h"
