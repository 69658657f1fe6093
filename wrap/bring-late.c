/* SPDX-License-Identifier: MIT */
/* What not every libc has: in links by the driver itself. */
#define RHP_STANDS_FOR rhp_bring_late
#define WRAP_core_late(name) BRING(name)
#define WRAP_control_late(name) BRING(name)

#include "wrap/bring.h"
