/* SPDX-License-Identifier: MIT */
/* Signals of the calling thread; what os-call.h says holds. */
#pragma once

#include <stdint.h>

#include "runtime/cc.h"

/* Blocks every signal but those that are never blocked. `saved` gets the mask as it was,
 * for rhp_os_restore_signals(). */
HIDDEN void rhp_os_block_signals(uint64_t *saved);
HIDDEN void rhp_os_restore_signals(uint64_t saved);

/* From now on rhp_os_block_signals() leaves this signal alone. Returns the mask that it
 * blocks then. */
HIDDEN uint64_t rhp_os_never_block(int signal);
HIDDEN void rhp_os_unblock(int signal);

/* Sends a signal that came to this thread to it once more, with the same siginfo_t. */
HIDDEN void rhp_os_raise_again(int signal, void *info);

/* Takes back a signal that a system call of ours left pending: SIGXFSZ past
 * RLIMIT_FSIZE, SIGPIPE. Signals must be blocked. */
HIDDEN void rhp_os_consume(int signal);
