/* SPDX-License-Identifier: MIT */
/*
 * A store to a mapping of the trace raises SIGBUS where the file has lost the page:
 * another program has cut the file short, or the file system copies what is written again
 * (btrfs) and has no room for the copy, whatever was reserved.
 */
#pragma once

#include "runtime/cc.h"

/*
 * Installs a handler of SIGBUS, if the program has none. For a page of the trace the
 * handler ends tracking, with the reason in the trace, and the program runs on. Any other
 * SIGBUS has the effect that it has without the handler.
 */
HIDDEN void rhp_bus_error_handle(void);
