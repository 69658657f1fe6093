/* SPDX-License-Identifier: MIT */
/*
 * A trace taken from the reader to the pairing, whatever it is: what programs do that
 * damage traces, or let something fail under those that read them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "analysis/merge.h"
#include "analysis/pair.h"
#include "trace/reader.h"

struct taken {
	struct reader_counts file;
	struct merge_counts merge;
	struct pair_totals pair;
	uint64_t n_damaged; /* catalog's */
};

/* What follows a trace asks for more of it as often; what may happen in between. */
#define TAKE_ROUNDS 4
extern void (*take_between)(int round);

/* At rest, or as one that is being written. 0, or what the first that failed said;
 * taken has what was taken so far. */
int take_trace(const char *path, bool follow, struct taken *taken);
