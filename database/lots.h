/* SPDX-License-Identifier: MIT */
/*
 * Sorts blocks into lots (schema.sql): blocks that have most of their columns in common,
 * which are stored once. For load.c, between pipe.c and store.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pair_row;

struct lot {
	uint64_t sampled_size; /* 1 + size if the trace was sampled, or 0 */
	uint64_t free_size;    /* that a sized free said, if it was wrong; or 0 */
	uint32_t stack, free_stack;
	uint32_t alloc_thread, free_thread;
	uint32_t leak_owner; /* stack; or PAIR_NO_OWNER */
	uint32_t inside;     /* stack; or PAIR_NOT_INSIDE */
	uint32_t unused;     /* 0 */
	uint8_t end;         /* enum block_end */
	uint8_t ended, temporary, leak;
	/* The blocks of a lot are equal in all fields above. */
	uint32_t n_rows;
	uint64_t bytes;
};

struct lot_row {
	int64_t alloc_ns, lifetime_ns; /* lifetime -1: none */
	uint64_t size, address;
};

/* Blocks that are sorted together. A zeroed struct lots is empty. */
struct lots {
	struct lot *lots; /* sorted: by stack */
	size_t n_lots, n_lots_max;
	struct lot_row *rows; /* as they came */
	size_t n_rows, n_rows_max;
	uint32_t *row_lots; /* of each, the number of its lot */
	size_t n_row_lots_max;
	uint32_t *order; /* sorted: the rows of the first lot, of the second, ... */
	size_t n_order_max;
	uint64_t *slots; /* hash: 32, 1 + lot: 32, or 0 */
	size_t n_slots;  /* a power of two */
};

/*
 * Add the blocks of a batch, fewer than 2^31. Where the trace is sampled, all blocks of a
 * lot have one size. Returns 0 or -ENOMEM.
 */
int lots_add(struct lots *lots, const struct pair_row *rows, size_t n_rows, bool sampled);

/* Return whether more blocks would make the lots no larger to speak of, or would take too
 * much memory: 640 MiB. */
bool lots_are_full(const struct lots *lots);

/* Sort what was added. Then nothing may be added before lots_clear. Returns 0 or
 * -ENOMEM. */
int lots_sort(struct lots *lots);

/* Become empty, and keep the memory. */
void lots_clear(struct lots *lots);
void lots_fini(struct lots *lots);
