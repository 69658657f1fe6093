/* SPDX-License-Identifier: MIT */
/*
 * Reads and pairs a trace on a second thread, and hands its blocks in batches to the
 * caller, who writes them meanwhile. For load.c. A pipe is used by one thread.
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

/* Create a pipe, which serves any number of traces, one after the other. Returns NULL if
 * memory runs out. */
struct pipe *pipe_new(void);
void pipe_free(struct pipe *pipe);

/*
 * Start the second thread, which takes the blocks of `pair`. Until pipe_next returns 0 or
 * an error, `pair` and all that it uses (merge, reader, catalog) belong to that thread.
 * Returns 0 or -errno.
 */
int pipe_start(struct pipe *pipe, struct pair *pair, const struct reader *reader);

/*
 * Wait for the next batch, which is valid until the next call. Returns 1 with a batch, 0
 * after the last one, or -errno: -ETIMEDOUT if patience_ms is not 0 and no batch came
 * within that many milliseconds.
 */
int pipe_next(struct pipe *pipe, int patience_ms, struct batch **batch);

/* Return how many bytes of the trace have been read. */
uint64_t pipe_position(const struct pipe *pipe);
