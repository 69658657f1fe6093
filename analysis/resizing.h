/* SPDX-License-Identifier: MIT */
/*
 * Holds the blocks of reallocs that have begun and not ended: of each stream and thread,
 * for a signal handler's realloc may be inside the one that it interrupted, the last one
 * on top. For pair.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/live.h"
#include "analysis/nest.h"
#include "common/map.h"

struct pending {
	struct live_block block; /* address 0: unknown or taken back */
	int64_t begin_ns;
	struct nest_origin origin; /* of the block */
	uint32_t below; /* of the same stream and thread; or in the list of unused ones */
};

struct resizing {
	struct map tops; /* stream and thread -> 1 + index of the top, 0: none */
	struct pending *pendings;
	size_t n_pendings, n_pendings_max;
	uint32_t unused; /* 1 + index, 0: none */
	size_t next;     /* of resizing_next */
};

/* Put an empty one on top for this key. Returns it, or NULL if there is no memory. A
 * zeroed struct resizing is empty. */
struct pending *resizing_push(struct resizing *resizing, uint64_t key);

/* Take the one from the top. Returns false if there is none: then *pending is empty. */
bool resizing_pop(struct resizing *resizing, uint64_t key, struct pending *pending);

/* Return the next one that has a block, whatever its key, or NULL after the last. */
const struct pending *resizing_next(struct resizing *resizing);

void resizing_fini(struct resizing *resizing);
