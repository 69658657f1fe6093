// SPDX-License-Identifier: MIT
/*
 * The traces one after the other, each on two threads (pipe.c); what they share
 * (registry.c) is looked up and written once, after the last one.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analysis/catalog.h"
#include "analysis/merge.h"
#include "analysis/pair.h"
#include "analysis/registry.h"
#include "analysis/scopes.h"
#include "analysis/tally.h"
#include "common/cli.h"
#include "common/clock.h"
#include "common/text.h"
#include "database/lots.h"
#include "database/store.h"
#include "loading/frames.h"
#include "loading/heap-rows.h"
#include "loading/inputs.h"
#include "loading/pipe.h"
#include "loading/progress.h"
#include "loading/resume.h"
#include "loading/trace-rows.h"
#include "trace/reader.h"

#include "loading/load.h"

#define PATIENCE_MS 200 /* between two lines of progress */

struct load {
	const struct load_options *options;
	struct store *store;
	struct registry registry;
	struct pipe *pipe;
	struct lots lots; /* that are not written yet */
	struct progress progress;
	struct store_numbers numbers; /* of the trace in hand */
	struct load_result result;
};

/* A trace while it is read. */
struct trace {
	const struct input *input;
	struct catalog catalog;
	struct reader *reader;
	struct merge *merge;
	struct pair *pair;
};

static void open_trace(struct trace *t, const struct input *input)
{
	struct reader_sink sink;
	int error;

	*t = (struct trace){.input = input};
	error = catalog_init(&t->catalog, &sink);
	if (!error)
		error = reader_open(&t->reader, input->path, &sink);
	if (error)
		input_die(input->path, error);
	catalog_limit_ids(&t->catalog, reader_n_records_max(t->reader));
	error = merge_new(&t->merge, t->reader);
	if (!error)
		error = pair_new(&t->pair, t->merge, t->reader, &t->catalog);
	if (error)
		input_die(input->path, error);
}

static void close_trace(struct trace *t)
{
	pair_free(t->pair);
	merge_free(t->merge);
	reader_close(t->reader);
	catalog_fini(&t->catalog);
}

static void write_lots(struct load *load, const struct store_trace *where)
{
	if (lots_sort(&load->lots))
		die("write the blocks: out of memory");
	store_lots(load->store, where, &load->lots);
	lots_clear(&load->lots);
}

static void write_batch(struct load *load, const struct store_trace *where,
			const struct batch *batch)
{
	if (lots_add(&load->lots, batch->rows, batch->n_rows, where->sample_bytes != 0))
		die("write the blocks: out of memory");
	if (lots_are_full(&load->lots))
		write_lots(load, where);
	for (size_t i = 0; i < batch->n_chains; i++)
		store_chain(load->store, where, &batch->chains[i]);
	load->result.n_rows += batch->n_rows;
}

static void write_blocks(struct load *load, struct trace *t, struct store_trace *where)
{
	struct batch *batch;
	int result = pipe_start(load->pipe, t->pair, t->reader);

	store_trace_begin(load->store, where);
	while (result == 0) {
		result = pipe_next(load->pipe, load->options->progress ? PATIENCE_MS : 0,
				   &batch);
		if (result == 1)
			write_batch(load, where, batch);
		else if (result == 0)
			break;
		if (load->options->progress)
			progress_show(&load->progress, pipe_position(load->pipe),
				      result == 1 ? batch->n_rows : 0);
		if (result == 1 || result == -ETIMEDOUT)
			result = 0;
	}
	if (result)
		input_die(t->input->path, result);
	write_lots(load, where);
}

static void sum_up(struct load *load, const struct trace *t, uint64_t lost)
{
	const struct tally *tally = pair_tally(t->pair);
	const struct rhp_file_header *h = reader_header(t->reader);
	const struct pair_totals *totals = pair_totals(t->pair);
	struct load_result *r = &load->result;
	struct load_process *p = &r->processes[r->n_processes++];

	*p = (struct load_process){
		.process = load->numbers.process,
		.trace = t->input->path,
		.pid = h->pid,
		.executable = text_utf8(h->executable, strlen(h->executable)),
		.events = merge_counts(t->merge).events,
		.allocations = (uint64_t)llround(tally->allocations),
		.live_blocks = (uint64_t)llround(tally->live_blocks),
		.live_bytes = (uint64_t)llround(tally->live_bytes),
		.lost = lost,
		.ending = h->state,
		.leaks_known = t->catalog.scan.ticks != 0,
	};
	memcpy(p->leak_blocks, totals->leak_blocks, sizeof(p->leak_blocks));
	memcpy(p->leak_bytes, totals->leak_bytes, sizeof(p->leak_bytes));
}

static void load_one(struct load *load, const struct input *input)
{
	struct trace t;
	struct store_trace where = {.process = load->numbers.process,
				    .threads = load->numbers.threads,
				    .sample_bytes = input->header.sample_bytes};
	struct scopes scopes;
	uint64_t lost;

	open_trace(&t, input);
	write_blocks(load, &t, &where);
	if (registry_take(&load->registry, &t.catalog, input->header.max_stack_depth))
		die("read %s: out of memory", input->path);
	t.catalog.n_damaged += catalog_name_threads(&t.catalog);
	catalog_sort_times(&t.catalog);
	if (heap_finish(&t.catalog.heap))
		die("read %s: out of memory", input->path);
	if (scopes_pair(&scopes, &t.catalog, t.reader, pair_totals(t.pair)->last_ns))
		die("read %s: out of memory", input->path);
	store_trace_end(load->store, &where, &t.catalog);
	lost = trace_rows_write(
		&(struct trace_rows){
			.trace = input->path,
			.run = load->result.run,
			.where = &where,
			.reader = t.reader,
			.catalog = &t.catalog,
			.registry = &load->registry,
			.merge = t.merge,
			.pair = t.pair,
			.scopes = &scopes,
		},
		load->store);
	heap_rows_write(
		&(struct heap_rows){
			.trace = input->path,
			.where = &where,
			.reader = t.reader,
			.catalog = &t.catalog,
			.symbols =
				load->options->symbolize ? &load->options->symbols : NULL,
		},
		load->store);
	scopes_fini(&scopes);
	sum_up(load, &t, lost);
	load->numbers.process++;
	for (size_t i = 0; i < t.catalog.n_threads; i++) {
		int64_t thread = where.threads + (int64_t)t.catalog.threads[i].number;

		if (thread > load->numbers.threads)
			load->numbers.threads = thread;
	}
	close_trace(&t);
}

static void begin_run(struct load *load)
{
	const struct load_options *o = load->options;
	char loaded[32] = "";
	time_t now = time(NULL);
	struct tm utc;

	load->numbers = store_numbers(load->store);
	load->result.run = load->numbers.run;
	if (gmtime_r(&now, &utc))
		strftime(loaded, sizeof(loaded), "%Y-%m-%dT%H:%M:%SZ", &utc);
	store_run(load->store, load->result.run, o->label ? o->label : "", loaded);
}

static void check_new(struct load *load, const struct input *inputs)
{
	for (size_t i = 0; i < load->options->n_traces; i++) {
		if (store_has_trace(load->store, &inputs[i].header))
			die("append %s to %s: the database already contains this trace",
			    inputs[i].path, load->options->database);
	}
}

static void load_all(struct load *load, const struct input *inputs)
{
	const struct load_options *o = load->options;
	struct frames *frames;

	if (registry_init(&load->registry))
		die("begin the load: out of memory");
	frames = frames_new(&load->registry, load->store);
	if (o->append) {
		check_new(load, inputs);
		resume_read(load->store, o->database, &load->registry, frames);
	}
	begin_run(load);
	for (size_t i = 0; i < o->n_traces; i++) {
		load_one(load, &inputs[i]);
		progress_next(&load->progress, inputs[i].size);
	}
	lots_fini(&load->lots); /* stacks may need the memory */
	load->lots = (struct lots){0};
	if (o->progress)
		progress_say(&load->progress, ", symbols");
	frames_write(frames, o->symbolize ? &o->symbols : NULL, &o->owners,
		     inputs[0].header.start_realtime_ns);
	frames_free(frames);
	registry_fini(&load->registry);
}

struct load_result load_traces(const struct load_options *o)
{
	struct load load = {.options = o};
	double begun = clock_seconds();
	struct input *inputs = inputs_open(o->traces, o->n_traces);

	progress_begin(&load.progress, inputs, o->n_traces);
	load.result.processes = calloc(o->n_traces, sizeof(*load.result.processes));
	load.pipe = pipe_new();
	if (!load.result.processes || !load.pipe)
		die("begin the load: out of memory");
	load.store = store_open(o->database, o->append    ? STORE_APPEND
					     : o->replace ? STORE_REPLACE
							  : STORE_NEW);
	load_all(&load, inputs);
	load.result.database_size = store_finish(load.store);
	if (o->progress)
		progress_end(&load.progress);
	load.result.seconds = clock_seconds() - begun;
	pipe_free(load.pipe);
	free(inputs);
	return load.result;
}

void load_result_fini(struct load_result *result)
{
	for (size_t i = 0; i < result->n_processes; i++)
		free(result->processes[i].executable);
	free(result->processes);
}
