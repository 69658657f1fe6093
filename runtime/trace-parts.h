/* SPDX-License-Identifier: MIT */
/*
 * What the files trace-*.c share of the trace that is open: trace-name.c finds it a name,
 * trace-file.c has its head, trace-write.c gives out the rest, trace-mend.c replaces
 * pages that the file has lost.
 */
#pragma once

#include <stdint.h>

#include "contract/format.h"
#include "runtime/cc.h"
#include "runtime/os-lock.h"

struct rhp_trace {
	struct rhp_file_header *header; /* mapped; stays when the file is closed */
	struct rhp_file_header first;   /* as it was first: for a page in its place */
	int fd;                         /* -1: none */
	uint64_t file_id[2];            /* what it referred to when it was opened */
	char path[4096];                /* of the file; "": unknown */
	struct rhp_lock opening;        /* of who opens it once more */
	uint32_t stop_reason;           /* enum rhp_loss: why nothing more is written */
	uint32_t noting_time;           /* somebody is at it */
	uint32_t is_child;              /* of a process that was traced */
	uint64_t counted_in;            /* its parent's trace, until it has one itself */
	uint32_t mended;      /* errno: pages of memory are mapped in the file's place */
	uint64_t ahead;       /* the file is reserved up to here; all bits: no more */
	uint64_t oldest;      /* in a ring: offset of the region to be looked at first */
	struct rhp_lock ring; /* of who overwrites a chunk */
};

extern HIDDEN struct rhp_trace rhp_trace;

/* Ends the trace, and says why in its head; the first reason stands. `error` is -errno,
 * or 0 where the reason is RHP_LOST_LIMIT. Async-signal-safe. */
HIDDEN void rhp_trace_fail(int error, enum rhp_loss reason);
