/* SPDX-License-Identifier: MIT */
/* The state of a thread: one small initial-exec TLS object. */
#pragma once

#include <stdint.h>

#include "runtime/place.h"

struct rhp_tracker;

struct rhp_thread {
	struct rhp_tracker *tracker; /* NULL: none yet */
	struct rhp_place guard;      /* the shim that is inside the real function */
	/* The wrapped function of libc that the thread is in (its shim's frame, NULL if
	 * it is in none), and which (enum rhp_function): libc-calls.h. */
	const void *caller_frame;
	uint32_t caller_function;
	uint32_t random_process; /* rhp_os_process when `random` was seeded */
	uint64_t until_sample;   /* bytes to the next block that is recorded */
	uint64_t random;         /* the generator's state, 0: never used */
	uint32_t sampled_trace;  /* rhp_sample.n_traces that distance is of */
	uint32_t number : 31;    /* of this thread in the trace, 0: none yet */
	uint32_t ending : 1;     /* its destructors have run: no tracker any more */
	uint32_t generation;     /* of the trace that has that number */
	uint32_t scopes;   /* number of the last scope that it began, in any trace */
	uint32_t resizing; /* generation of the trace that its last realloc began in */
};

extern HIDDEN __thread struct rhp_thread rhp_thread;
