/* SPDX-License-Identifier: MIT */
/*
 * Says of the blocks that are live at the end of a trace what its leak scan found of
 * them. For pair.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/live.h"
#include "common/map.h"
#include "contract/format.h"

struct nest;
struct reader;
struct scan;

struct judge {
	const struct scan *scan; /* the caller's, as the reader is */
	const struct reader *reader;
	struct map owners; /* address -> stack, of blocks that others are lost with */
	struct judged_inner *inner;
	size_t n_inner, n_inner_max, next_inner;
};

struct judged {
	enum rhp_leak_kind leak;
	uint32_t owner;  /* stack of the block that it is lost with; PAIR_NO_OWNER */
	bool is_missing; /* it is older than the scan, and not in what that found */
};

/* A block that lies in another one, by which it is judged: it is lost with that, or with
 * what that is lost with, or not lost. */
struct judged_inner {
	struct live_block block;
	struct judged judged;
	bool is_collected;
};

/* Find the owners, and judge what lies in other blocks, while live blocks can be looked
 * up. Returns 0 or -ENOMEM. */
int judge_begin(struct judge *judge, const struct live *live, const struct nest *nest);
void judge_fini(struct judge *judge);

/* Judge a block that lies in no other one. */
struct judged judge_block(const struct judge *judge, const struct live_block *block);

/* Return the next one that does, or NULL. */
const struct judged_inner *judge_next_inner(struct judge *judge);
