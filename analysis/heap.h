/* SPDX-License-Identifier: MIT */
/*
 * Collects the snapshots of a trace that say which live block points to which, and what
 * else does (contract/format.h: ROOT, EDGES, EDGE). catalog.c hands over their records,
 * pair.c the blocks of the trace: a record names a block by its address alone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/format.h"

struct pair_row;
struct reader;
struct reader_blob;
struct scan;

#define HEAP_POSSIBLE (UINT32_C(1) << 31)
#define HEAP_NO_STACK UINT32_MAX

struct heap_block {
	uint64_t address;
	uint64_t size;    /* 0 if the trace does not have its allocation */
	int64_t alloc_ns; /* INT64_MAX: the same */
	uint32_t stack;   /* of the catalog; HEAP_NO_STACK: the same */
	uint8_t leak;     /* enum rhp_leak_kind */
};

struct heap_root {
	uint64_t address; /* of the word; of a ROOT_WORD or ROOT_MOVING it says nothing */
	uint64_t code;    /* ROOT_STACK: of the frame that it is in, or 0; ROOT_TLS: the
			   * thread's descriptor */
	uint32_t target;  /* index of a block, with HEAP_POSSIBLE */
	uint32_t tid;     /* of ROOT_STACK and ROOT_TLS, 0: unknown */
	enum rhp_root_kind kind;
};

struct heap_snapshot {
	char *name; /* UTF-8 */
	uint64_t ticks;
	int error; /* errno: there is no graph, and nothing below. ENODATA: the program
		    * was killed while it was written */
	struct heap_block *blocks; /* by address */
	size_t n_blocks;
	/* Pointers of block i: those from first[i] on, before first[i + 1]. The offset
	 * of the word in the block counts in units of RHP_EDGE_UNIT. */
	uint64_t *first; /* n_blocks + 1 */
	uint32_t *targets, *offsets;
	size_t n_edges, n_targets_max, n_offsets_max;
	struct heap_root *roots;
	size_t n_roots, n_roots_max;
};

struct heap {
	struct heap_snapshot *snapshots; /* whole ones, and those that failed */
	size_t n_snapshots, n_snapshots_max;
	struct heap_snapshot begun; /* what has come since the last of them */
	size_t source;              /* in `begun`: of the EDGE records that come next */
	uint64_t base;              /* ... whose offsets count from here, in bytes */
	bool is_damaged;            /* `begun` is */
};

/* Take a ROOT, EDGES or EDGE record. `scan` has the blocks that they name: those of the
 * last scan that is complete. Returns 0 or -ENOMEM. */
int heap_take_pointer(struct heap *heap, const struct scan *scan,
		      const struct rhp_record *record);

/* Take a GRAPH blob, which completes what came before it, or says that it failed. Returns
 * 0 or -ENOMEM. */
int heap_take_end(struct heap *heap, const struct scan *scan,
		  const struct reader_blob *blob);

/* Say that the trace has been read: of pointers without a GRAPH, whose program did not
 * live to say that it failed, there is a snapshot with an error. Returns 0 or -ENOMEM. */
int heap_finish(struct heap *heap);

/* Say that a block of the trace has ended, or that it is live at the end: each snapshot
 * in which it was learns its size and its stack. */
void heap_take_row(struct heap *heap, const struct reader *reader,
		   const struct pair_row *row);

void heap_fini(struct heap *heap);
