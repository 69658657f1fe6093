/* SPDX-License-Identifier: MIT */
/*
 * Knows which live blocks lie in others: what a declared allocator (--rheaper-wrap) hands
 * out may lie in a block that another one handed out, a chunk. Such an inner block and
 * its chunk may begin at one address. It ends with the chunk. For pair.c, which has all
 * other blocks in live.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/live.h"
#include "analysis/ranges.h"
#include "common/map.h"

struct reader_event;

/* Where a block of a declared function comes from; of any other function all is 0. */
struct nest_origin {
	uint64_t pool;   /* that it is of, or 0 */
	uint32_t family; /* contract/format.h */
	bool is_collected;
};

/* Return what an event says of it; of a block that was resized, with what is known of the
 * old one, or NULL. */
struct nest_origin nest_origin_of(const struct reader_event *event,
				  const struct nest_origin *old);

/* A block of a declared function. */
struct nest_item {
	struct live_block block; /* of an inner one; of any other its address alone */
	uint64_t outer;          /* address of the block that it lies in */
	struct nest_origin origin;
	uint32_t before, after; /* items of the same pool, 0: none */
	bool is_used;
};

/* One that ended with another. */
struct nest_ended {
	struct live_block block;
	uint8_t end; /* enum block_end */
};

struct nest {
	bool is_on;              /* there are blocks of declared functions */
	struct ranges ranges;    /* of all live blocks */
	struct nest_item *items; /* 0 is none */
	size_t n_items, n_items_max;
	uint32_t unused; /* item; the others follow by `outer` */
	struct nest_ended *ended;
	size_t n_ended, n_ended_max;
	struct map pools; /* address -> the last item of the pool, or 0 */
	uint64_t *freed;  /* pools, while they are */
	size_t n_freed, n_freed_max;
	uint64_t n_inner, inner_bytes;           /* ever */
	uint64_t n_live, live_bytes, peak_bytes; /* inner ones now, and at most */
};

/* Take all that is live, before the first event of a declared function. Returns 0 or
 * -ENOMEM, as all that follow that return an int. */
int nest_begin(struct nest *nest, const struct live *live);
void nest_fini(struct nest *nest);

/*
 * Say that a block was allocated by a function of a family. Returns 1 if it is an inner
 * one, which is in `nest` from now on; 0 if it lies in none, and is the caller's: then
 * nest_add tells of it. What lay there and was not ended becomes `ended`.
 */
int nest_begin_inner(struct nest *nest, const struct live_block *block,
		     const struct nest_origin *origin);

/* Say that a block lies in no other one. `again`: it was there before, and what lies in
 * it stays. */
int nest_add(struct nest *nest, const struct live_block *block,
	     const struct nest_origin *origin, bool again);

/*
 * Find the block that an event ends, of all that begin at the address: of a function
 * without a family the outermost one that has none; of another one the innermost of its
 * family; if there is none, any. It is taken out. Returns 1 if it is an inner one, which
 * is copied to *block; 0 if it is the caller's, if there is any. *origin becomes that
 * of the block.
 */
int nest_take(struct nest *nest, uint64_t address, uint32_t family,
	      struct live_block *block, struct nest_origin *origin);

/* Put an inner block back which was taken. */
int nest_put_back(struct nest *nest, const struct live_block *block,
		  const struct nest_origin *origin);

/* Say that all blocks of a pool are freed, and of all pools that these are; or all of a
 * family, if the pool is 0. They become `ended`. */
int nest_free_pool(struct nest *nest, uint64_t pool, uint32_t family);

/* Return whether the block at an address that lies in no other one is collected. */
bool nest_is_collected(const struct nest *nest, uint64_t address);

/* Say that a block ended which was taken, or what is behind `keep` of it: what lay in
 * that becomes `ended`. */
int nest_cut(struct nest *nest, const struct live_block *block, uint64_t keep);

/* Return the next inner block that did not end after *index, which begins as 0, or NULL.
 */
struct nest_item *nest_next(const struct nest *nest, size_t *index);

/* Return the address of the outermost block that an inner one lies in. */
uint64_t nest_outermost(const struct nest *nest, const struct nest_item *item);
