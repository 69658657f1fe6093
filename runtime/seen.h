/* SPDX-License-Identifier: MIT */
/*
 * What was learned of call stacks, by their hashes (stack.c), in the set of modules that
 * was mapped then: the epoch. All threads of the process share it, so a stack is judged
 * once, however many there are and whichever thread meets it again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/cc.h"

/* A stack's number in the tree, and whether that is what its hash stands for. */
struct rhp_seen {
	uint32_t node, verdict;
};

/* Finds what was learned of a hash. Takes no lock. Async-signal-safe. */
HIDDEN bool rhp_seen_find(uint64_t hash, uint32_t epoch, struct rhp_seen *seen);

/* Adds it, unless it is there or there is no memory. The caller holds rhp_nodes_lock().
 */
HIDDEN void rhp_seen_add(uint64_t hash, uint32_t epoch, struct rhp_seen seen);

/* In the next trace stacks have other numbers. No thread may be capturing a stack. */
HIDDEN void rhp_seen_forget(void);
