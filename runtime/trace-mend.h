/* SPDX-License-Identifier: MIT */
/* Pages of the trace that the file has lost. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/cc.h"

/*
 * A store to `address` raised SIGBUS. If a mapping of the trace is there, puts a page of
 * memory in the place of the page, so that the store can be made again, and ends the
 * trace: true. False for any other address, or if the kernel gives no page. Unblocks
 * SIGBUS. For a signal handler.
 */
HIDDEN bool rhp_trace_mend(uintptr_t address);
