// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cli.h"
#include "rheaper-load/catalog.h"
#include "rheaper-load/frames.h"
#include "rheaper-load/merge.h"
#include "rheaper-load/pair.h"
#include "rheaper-load/report.h"
#include "rheaper-load/store.h"
#include "trace/reader.h"

#include "rheaper-load/load.h"

struct load {
	const struct load_options *options;
	struct catalog catalog;
	struct reader *reader;
	struct merge *merge;
	struct pair *pair;
	struct store *store;
	double begun;
};

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void show_progress(void *context, uint64_t n_rows)
{
	struct load *load = context;
	double seconds = seconds_now() - load->begun;
	uint64_t size = reader_size(load->reader);
	double share = size ? (double)reader_position(load->reader) / (double)size : 1;

	fprintf(stderr, "\r%3.0f %%, %.1f million blocks, %.2f million/s ", share * 100,
		(double)n_rows / 1e6, (double)n_rows / 1e6 / (seconds > 0 ? seconds : 1));
}

static _Noreturn void die_reading(const struct load *load, int error)
{
	errno = -error;
	die("read %s:", load->options->trace);
}

static void open_trace(struct load *load)
{
	const char *path = load->options->trace;
	struct reader_sink sink;
	int error;

	if (catalog_init(&load->catalog, &sink))
		die("read %s: out of memory", path);
	error = reader_open(&load->reader, path, &sink);
	if (error > 0)
		die("read %s: %s", path, reader_problem(error));
	if (error)
		die_reading(load, error);
	catalog_limit_ids(&load->catalog, reader_n_records_max(load->reader));
}

static void write_blocks(struct load *load, struct load_result *result)
{
	bool progress = load->options->progress;
	int64_t n_rows;
	int error = merge_new(&load->merge, load->reader);

	if (!error)
		error = pair_new(&load->pair, load->merge, load->reader, &load->catalog);
	if (error)
		die_reading(load, error);
	n_rows = store_blocks(load->store, load->pair, progress ? show_progress : NULL,
			      load);
	if (progress)
		fprintf(stderr, "\r%*s\r", 60, "");
	if (n_rows < 0)
		die_reading(load, (int)n_rows);
	result->rows = (uint64_t)n_rows;
}

static void close_load(struct load *load)
{
	pair_free(load->pair);
	merge_free(load->merge);
	reader_close(load->reader);
	catalog_fini(&load->catalog);
}

struct load_result load_trace(const struct load_options *options)
{
	struct load load = {.options = options, .begun = seconds_now()};
	struct load_result result = {0};
	const struct pair_totals *totals;
	struct frames_result frames;

	open_trace(&load);
	load.store = store_open(options->database, options->replace);
	write_blocks(&load, &result);
	frames = frames_write(&load.catalog, load.store,
			      reader_header(load.reader)->max_stack_depth,
			      options->symbolize ? &options->symbols : NULL);
	result.lost = report_write(
		&(struct report){
			.trace = options->trace,
			.reader = load.reader,
			.catalog = &load.catalog,
			.merge = load.merge,
			.pair = load.pair,
			.frames = &frames,
		},
		load.store);
	store_finish(load.store, options->index);
	totals = pair_totals(load.pair);
	result.events = merge_counts(load.merge).events;
	result.allocations = totals->allocations;
	result.live_blocks = totals->left_blocks;
	result.live_bytes = totals->left_bytes;
	result.ending = reader_header(load.reader)->state;
	result.seconds = seconds_now() - load.begun;
	close_load(&load);
	return result;
}
