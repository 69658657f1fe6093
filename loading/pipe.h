/* SPDX-License-Identifier: MIT */
/*
 * Reading and pairing on a thread of its own, while what has been paired is written:
 * batches come out as they are full. For load.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "analysis/chains.h"
#include "analysis/pair.h"

struct reader;
struct pipe;

#define BATCH_MAX_ROWS ((size_t)1 << 19)

struct batch {
	struct pair_row *rows; /* BATCH_MAX_ROWS at the most */
	size_t n_rows, n_rows_max;
	struct chain *chains; /* of reallocs that ended meanwhile */
	size_t n_chains, n_chains_max;
};

/* NULL: out of memory. One pipe serves one trace after the other. */
struct pipe *pipe_new(void);
void pipe_free(struct pipe *pipe);

/*
 * Begin to take the blocks of `pair`. Until pipe_next has given 0 or an error, it and
 * all behind it (merge, reader, catalog) belong to the pipe's thread. 0 or -errno.
 */
int pipe_start(struct pipe *pipe, struct pair *pair, const struct reader *reader);

/*
 * The next batch, valid until the next call: 1; 0 after the last; -errno; or with a
 * patience that is not 0, -ETIMEDOUT after that many milliseconds.
 */
int pipe_next(struct pipe *pipe, int patience_ms, struct batch **batch);

/* Bytes of the trace that have been read. */
uint64_t pipe_position(const struct pipe *pipe);
