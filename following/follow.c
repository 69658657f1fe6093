// SPDX-License-Identifier: MIT
/*
 * A poll is one look at the file (reader_refresh) and all events that were there. What
 * waits then for something that is not there has to wait for the next look, and only if
 * that brings nothing is it given up: trace/reader-follow.c and merge.h say why this is
 * safe. Whether the process still writes is asked only when nothing has come.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analysis/catalog.h"
#include "analysis/merge.h"
#include "analysis/pair.h"
#include "analysis/tally.h"
#include "common/clock.h"
#include "following/process.h"
#include "trace/reader.h"

#include "following/follow.h"

#define EVENTS_AT_ONCE 32768 /* between two looks at the clock */
/* A record that a thread was killed in, or jumped out of, is waited for so long. */
#define PATIENCE_NS INT64_C(1000000000)

struct follow {
	char *path;
	pid_t pid;
	struct catalog catalog;
	struct reader *reader;
	struct merge *merge;
	struct pair *pair;
	bool following; /* it was being written when it was opened */
	bool over;
	bool caught_up;
	uint64_t first_size;
	int64_t held_ns; /* since when a stream stands before an unwritten record; 0 */
	int64_t now_ns;  /* when the file was looked at last */
	int64_t stop_ns; /* of the trace: where to stop */
};

static bool may_be_written(const struct follow *f)
{
	uint32_t state = reader_header(f->reader)->state;

	if (state != RHP_STATE_RUNNING && state != RHP_STATE_EXITED)
		return false;
	return process_writes(f->pid, f->path);
}

static int open_trace(struct follow *f, const char *path, pid_t pid)
{
	struct reader_sink sink;
	int error = catalog_init(&f->catalog, &sink);

	sink.pointer = NULL; /* graphs of the heap are large, and not asked for */
	if (!error)
		error = reader_follow(&f->reader, path, &sink);
	if (error)
		return error;
	f->pid = pid ? pid : (pid_t)reader_header(f->reader)->pid;
	f->following = may_be_written(f);
	if (f->following && reader_header(f->reader)->ring)
		return READER_RING;
	if (!f->following) {
		/* At rest: as rheaper-load reads it */
		reader_close(f->reader);
		f->reader = NULL;
		error = reader_open(&f->reader, path, &sink);
	}
	if (!error)
		catalog_limit_ids(&f->catalog, reader_n_records_max(f->reader));
	if (!error)
		f->first_size = reader_size(f->reader);
	if (!error)
		error = merge_new(&f->merge, f->reader);
	return error ? error : pair_new(&f->pair, f->merge, f->reader, &f->catalog);
}

int follow_open(struct follow **result, const char *path, pid_t pid)
{
	struct follow *f = calloc(1, sizeof(*f));
	int error = -ENOMEM;

	if (!f)
		return -ENOMEM;
	f->path = strdup(path);
	if (f->path)
		error = open_trace(f, path, pid);
	if (error) {
		follow_close(f);
		return error;
	}
	*result = f;
	return 0;
}

void follow_close(struct follow *f)
{
	if (!f)
		return;
	pair_free(f->pair);
	merge_free(f->merge);
	reader_close(f->reader);
	catalog_fini(&f->catalog);
	free(f->path);
	free(f);
}

/* Look at the file once more. `over`: nobody writes to it. */
static int look(struct follow *f, bool over)
{
	bool held = reader_is_held(f->reader);
	bool passing =
		over || (held && f->held_ns && clock_ns() - f->held_ns > PATIENCE_NS);
	int result;

	if (!held || passing)
		f->held_ns = 0;
	else if (!f->held_ns)
		f->held_ns = clock_ns();
	f->now_ns = clock_ns();
	result = f->following ? reader_refresh(f->reader, passing) : 0;
	if (result)
		return result;
	catalog_limit_ids(&f->catalog, reader_n_records_max(f->reader));
	return merge_go_on(f->merge, over);
}

static uint64_t n_events(const struct follow *f)
{
	return merge_counts(f->merge).events;
}

int64_t follow_last_ns(const struct follow *f)
{
	return pair_totals(f->pair)->last_ns;
}

bool follow_is_stopped(const struct follow *f)
{
	return pair_next_ns(f->pair) >= f->stop_ns;
}

/* Take what is there: 0, 1 if the time is up or it was stopped, or an error. */
static int take(struct follow *f, int64_t until_ns)
{
	int result;

	do
		result = pair_follow_until(f->pair, EVENTS_AT_ONCE, f->stop_ns);
	while (result == 1 && clock_ns() < until_ns && !follow_is_stopped(f));
	return result;
}

/* Take what is there, and give up what nothing has come for: the same. */
static int take_all(struct follow *f, int64_t until_ns)
{
	int result;

	do
		result = take(f, until_ns);
	while (result == 0 && merge_give_up(f->merge));
	return result;
}

static int poll_once(struct follow *f, int milliseconds)
{
	int64_t until_ns = clock_ns() + milliseconds * INT64_C(1000000);
	uint64_t before = n_events(f);
	int result;

	if (f->over)
		return 0;
	result = look(f, !f->following);
	if (result == 0)
		result = take_all(f, until_ns);
	f->over = result == 0 && !f->following;
	if (result || f->over || n_events(f) != before || may_be_written(f))
		return result;
	/* It may have gone on after the file was looked at. */
	result = look(f, true);
	if (result == 0)
		result = take_all(f, until_ns);
	f->over = result == 0;
	return result;
}

int follow_poll(struct follow *f, int milliseconds)
{
	return follow_poll_until(f, milliseconds, INT64_MAX);
}

int follow_poll_until(struct follow *f, int milliseconds, int64_t stop_ns)
{
	int result;

	f->stop_ns = stop_ns;
	result = poll_once(f, milliseconds);
	catalog_name_threads(&f->catalog);
	f->caught_up = f->caught_up || result == 0 ||
		       reader_position(f->reader) >= f->first_size;
	return result;
}

/* Whether tracing, and the process, have ended; and how. */
static const char *state_text(const struct rhp_file_header *h, bool over)
{
	switch (h->state) {
	case RHP_STATE_EXITED:
		return over ? "exited" : "exiting";
	case RHP_STATE_STOPPED:
		return "stopped: tracking was switched off";
	case RHP_STATE_FULL:
		return "stopped: the trace is full";
	case RHP_STATE_SNAPSHOT:
		return "snapshot: the program ran on";
	case RHP_STATE_EXECUTED:
		return "ended: executed another program";
	case RHP_STATE_FAILED:
		return "stopped: the trace could not be written";
	default:
		return over ? "ended: killed, or by _exit" : "tracing";
	}
}

static int64_t elapsed_ns(const struct follow *f, bool live)
{
	const struct rhp_file_header *h = reader_header(f->reader);
	int64_t last_ns = pair_totals(f->pair)->last_ns;

	/* Its clock is this machine's. */
	if (live && f->now_ns > (int64_t)h->start_ns)
		return f->now_ns - (int64_t)h->start_ns;
	return last_ns;
}

struct follow_status follow_status(const struct follow *f)
{
	const struct rhp_file_header *h = reader_header(f->reader);
	const struct tally *t = pair_tally(f->pair);
	const struct pair_totals *totals = pair_totals(f->pair);
	double size = (double)reader_size(f->reader);
	bool live = f->following && !f->over && h->state == RHP_STATE_RUNNING;

	return (struct follow_status){
		.program = h->executable,
		.pid = h->pid,
		.over = f->over,
		.state = state_text(h, f->over || !f->following),
		.error = h->state == RHP_STATE_FAILED ? (int)(h->stop_errno & 0xffff) : 0,
		.sample_bytes = h->sample_bytes,
		.max_depth = h->max_stack_depth,
		.elapsed_ns = elapsed_ns(f, live),
		.live_bytes = t->live_bytes,
		.live_blocks = t->live_blocks,
		.peak_bytes = t->peak_bytes,
		.allocations = t->allocations,
		.bytes = t->bytes,
		.frees = t->allocations - t->live_blocks,
		.foreign = totals->foreign_free + totals->foreign_realloc,
		.lost = merge_lost(f->merge),
		.done = size > 0 ? (double)reader_position(f->reader) / size : 1,
		.caught_up = f->caught_up,
	};
}

const struct rhp_file_header *follow_header(const struct follow *f)
{
	return reader_header(f->reader);
}

const struct tally *follow_tally(const struct follow *f)
{
	return pair_tally(f->pair);
}

struct catalog *follow_catalog(struct follow *f)
{
	return &f->catalog;
}
