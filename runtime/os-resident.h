/* SPDX-License-Identifier: MIT */
/* Asks the kernel how much memory the process has. */
#pragma once

#include <stdint.h>

#include "runtime/cc.h"

/* How much of this process is in memory, in bytes, as the kernel counts it for statm; 0:
 * not known. In a signal handler, too. */
HIDDEN uint64_t rhp_os_resident(void);
