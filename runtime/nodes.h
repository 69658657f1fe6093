/* SPDX-License-Identifier: MIT */
/*
 * The tree of stacks of this process: each node once, each with its record in the trace.
 * contract/format.h says what FRAME and CALL nodes are.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/cc.h"
#include "runtime/functions.h"
#include "runtime/stream.h"

struct rhp_frame {
	uintptr_t ip, fp; /* fp: address of the frame whose return address ip is, or 0 */
	uint16_t module;
	bool exact;
	uint32_t node; /* of this frame in the frames outside it; 0: not known */
};

/* A stack being walked, innermost frame first. */
struct rhp_walk {
	uint32_t n, max;
	uint32_t flags; /* of the CALL node */
	struct rhp_frame frames[];
};

/*
 * Finds the node of a call of `function` from a stack. Returns 0 if it is not there, or
 * perhaps if the tree grew meanwhile; then *rest is how many frames, the innermost ones,
 * have no node yet. Those that the stack has in common with `known`, another one whose
 * nodes are known, need not be looked for; it may be NULL. Takes no lock.
 * Async-signal-safe.
 */
HIDDEN uint32_t rhp_nodes_find(struct rhp_walk *walk, const struct rhp_walk *known,
			       enum rhp_function function, uint32_t *rest);

/*
 * Makes what is not there, and writes its records to `out`, before any event can name it.
 * Returns the node of the call, or 0 if the tree is full, which counts as a lost stack.
 * The caller holds the lock.
 */
HIDDEN uint32_t rhp_nodes_make(struct rhp_stream *out, struct rhp_walk *walk,
			       enum rhp_function function, uint32_t rest);

/* Between these two signals are blocked. The lock holds for seen.h, too. */
HIDDEN void rhp_nodes_lock(void);
HIDDEN void rhp_nodes_unlock(void);

/* The next trace has no nodes yet. No thread may be capturing a stack. */
HIDDEN void rhp_nodes_forget(void);
