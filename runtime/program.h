/* SPDX-License-Identifier: MIT */
/*
 * The beginning and the end of the program: the runtime's constructor and destructor, on
 * top of everything else in runtime/.
 */
#pragma once

#include "runtime/cc.h"

/* No function of the runtime calls these two, so the shims refer to this: its address
 * brings them into the link, and with them api.c and process.c. */
extern HIDDEN const char rhp_program;
