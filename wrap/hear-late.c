/* SPDX-License-Identifier: MIT */
/* What not every libc has. */
#define RHP_STANDS_FOR rhp_hear_late
#define WRAP_core_late(name) HEAR(name)
#define WRAP_control_late(name) HEAR(name)

#include "wrap/bring.h"
