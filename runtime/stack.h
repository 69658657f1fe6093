/* SPDX-License-Identifier: MIT */
/*
 * From a call of an allocation function to the number of its call stack. One
 * object per thread; a signal handler of that thread may use it on top.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/chain.h"
#include "runtime/functions.h"
#include "runtime/memo.h"
#include "runtime/own-stack.h"
#include "runtime/stream.h"
#include "runtime/trail.h"
#include "runtime/unwind.h"

#define RHP_CHAINS 2048
#define RHP_MAX_DEPTH 1024

/* What is known of one chain of frame pointers, by its hash. */
struct rhp_chain {
	uint64_t hash;
	uint32_t node;
	uint32_t seal; /* verdict, and a check of the whole: stack.c */
};

struct rhp_stacks {
	struct rhp_own_stack own; /* of this thread */
	uint32_t n_bases;         /* how often the next was learned */
	uintptr_t base;           /* frames above this address have no frame pointers */
	uint32_t max_depth;
	void *room; /* for all of these, or NULL */
	size_t room_size;
	struct rhp_memo memo;
	struct rhp_chain_memory memory;
	struct rhp_trail trail;
	struct rhp_place walking; /* who uses it */
	uint32_t latest;          /* of its walks, the one that was recorded last */
	uint32_t epoch;           /* of the modules, when the chains were learned */
	struct rhp_chain chains[RHP_CHAINS];
};

/* Prepares for the calling thread. What was learned of chains stays. */
HIDDEN void rhp_stacks_bind(struct rhp_stacks *s, uint32_t max_depth);

/* Forgets everything, and gives the memory back: for the next trace. */
HIDDEN void rhp_stacks_forget(struct rhp_stacks *s);

/*
 * Returns the node of the stack that called `function`, 0 if there is none to be had.
 * `frame` is the frame address of the shim. The stack begins at the registers that are
 * saved there: frame 0 is the shim's caller. Writes new nodes to `out`.
 */
HIDDEN uint32_t rhp_stack_capture(struct rhp_stacks *s, struct rhp_stream *out,
				  const void *frame, enum rhp_function function);

/* The same, of the shim's caller alone: who freed a block. */
HIDDEN uint32_t rhp_stack_caller(struct rhp_stacks *s, struct rhp_stream *out,
				 const void *frame, enum rhp_function function);

/* The node of a call whose stack is not taken. */
HIDDEN uint32_t rhp_stack_unsampled(struct rhp_stacks *s, struct rhp_stream *out,
				    enum rhp_function function);
