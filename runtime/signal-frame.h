/* SPDX-License-Identifier: MIT */
/* Frames of signal handlers that no unwind information describes. */
#pragma once

#include "runtime/unwind.h"

/*
 * The rule of the code that a handler returns to, known by its instructions: the
 * vDSO of aarch64 has no unwind information for it on purpose, that of i386 is
 * not to be found by a static program. False if `ip` is other code.
 */
HIDDEN bool rhp_signal_frame_rule(uintptr_t ip, struct rhp_rule *rule);
