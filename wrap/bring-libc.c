/* SPDX-License-Identifier: MIT */
/* In links that record what libc allocates for the caller. */
#define RHP_STANDS_FOR rhp_bring_libc
#define WRAP_libc(name) BRING(name)
#define WRAP_libc_late(name) BRING(name)

#include "wrap/bring.h"
