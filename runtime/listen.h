/* SPDX-License-Identifier: MIT */
/*
 * A signal switches tracking from outside. Sent by kill, it switches tracking on if it is
 * off, and off if it is on. Queued by rheaper-ctl, it brings a request
 * (contract/request.h). Only those can do this who may send the process a signal.
 */
#pragma once

#include "runtime/cc.h"

/*
 * Installs the handler of this signal: 0 or -errno, -EBUSY if the program, or something
 * that was loaded with it, has a handler already. The handler may interrupt anything.
 */
HIDDEN int rhp_listen(int signal);
