/* SPDX-License-Identifier: MIT */
/* Frames of signal handlers that no unwind information describes. */
#pragma once

#include "runtime/unwind.h"

/*
 * Gives the rule for the code that a signal handler returns to, and knows that code by
 * its instructions: the vDSO of aarch64 has no unwind information for it on purpose, and
 * a static program cannot find that of i386. False if `ip` is other code.
 */
HIDDEN bool rhp_signal_frame_rule(uintptr_t ip, struct rhp_rule *rule);
