/* SPDX-License-Identifier: MIT */
/* In every link. */
#define RHP_STANDS_FOR rhp_bring_any
#define WRAP_control(name) BRING(name)
#define WRAP_exec(name) BRING(name)

#include "wrap/bring.h"
