/* SPDX-License-Identifier: MIT */
/*
 * The tree of stacks of this process: each node once, each with its record in
 * the trace. contract/format.h says what FRAME and CALL nodes are.
 */
#pragma once

#include <stdint.h>

#include "runtime/stream.h"

/*
 * Returns the number of the node (code, address, parent, module, flags). Makes the node
 * if it is not there, and then writes its record to `out`, before any event can name it.
 * Returns 0 if the table is full. Takes a lock only to make a node. Async-signal-safe.
 */
HIDDEN uint32_t rhp_node_get(struct rhp_stream *out, enum rhp_code code,
			     uintptr_t address, uint32_t parent, uint32_t module,
			     uint32_t flags);

/* The next trace has no nodes yet. No thread may be capturing a stack. */
HIDDEN void rhp_nodes_forget(void);
