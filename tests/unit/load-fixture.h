/* SPDX-License-Identifier: MIT */
/*
 * A trace of trace-writer.c, read, merged and paired in one go: for the tests
 * of rheaper-load.
 */
#pragma once

#include "analysis/catalog.h"
#include "analysis/chains.h"
#include "analysis/merge.h"
#include "analysis/pair.h"
#include "tests/unit/trace-writer.h"
#include "trace/reader.h"

#define FIXTURE_MAX_ROWS 64

struct fixture {
	struct catalog catalog;
	struct reader *reader;
	struct merge *merge;
	struct pair *pair;
	struct pair_row rows[FIXTURE_MAX_ROWS];
	size_t n_rows; /* may exceed the array */
	struct chain chains[FIXTURE_MAX_ROWS];
	size_t n_chains;
};

/* Open a trace file up to the merge: what reader_open gave. */
int fixture_open(struct fixture *fixture, const char *path);
void fixture_close(struct fixture *fixture);

/* Pair all events: the last result of pair_next. */
int fixture_pair(struct fixture *fixture);

/* Save the writer's trace, open and pair it; the test ends if that fails. */
void fixture_load(struct fixture *fixture, struct trace_writer *writer);
