/* SPDX-License-Identifier: MIT */
/* In dynamic links. */
#define RHP_STANDS_FOR rhp_bring_dynamic
#define WRAP_loader(name) BRING(name)

#include "wrap/bring.h"
