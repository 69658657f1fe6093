/* SPDX-License-Identifier: MIT */
/*
 * Tracking switched from outside by a signal: sent by kill it changes what is, queued by
 * rheaper-ctl it brings a request (trace/request.h). Whoever may send the process a
 * signal may do this, and nobody else.
 */
#pragma once

#include "runtime/cc.h"

/*
 * Installs the handler. -EBUSY if the program, or something that was loaded with it,
 * has one already. What the handler does is async-signal-safe, whatever it interrupts.
 */
HIDDEN int rhp_listen(int signal);
