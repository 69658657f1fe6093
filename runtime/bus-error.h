/* SPDX-License-Identifier: MIT */
/*
 * What is mapped of the trace may lose its place in the file: another program cuts the
 * file short, or the file system copies what is written again (btrfs) and has no room for
 * that, whatever was reserved. A store to it then raises SIGBUS.
 */
#pragma once

#include "runtime/cc.h"

/*
 * Installs a handler, if the program has none: tracking ends instead, with the reason in
 * the trace. Any other SIGBUS has the effect that it has without the handler.
 */
HIDDEN void rhp_bus_error_handle(void);
