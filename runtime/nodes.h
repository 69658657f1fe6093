/* SPDX-License-Identifier: MIT */
/*
 * The tree of stacks of this process: each node once, each with its record in
 * the trace. trace/format.h says what FRAME and CALL nodes are.
 */
#pragma once

#include <stdint.h>

#include "runtime/stream.h"

/*
 * The number of the node (code, address, parent, module, flags), made if it is
 * not there; its record then goes to `out`, before any event can name it.
 * 0 if the table is full. Takes a lock only to make a node. Async-signal-safe.
 */
HIDDEN uint32_t rhp_node_get(struct rhp_stream *out, enum rhp_code code,
			     uintptr_t address, uint32_t parent, uint32_t module,
			     uint32_t flags);

/* Another trace begins. Nobody may be at the nodes. */
HIDDEN void rhp_nodes_forget(void);
