// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "analysis/catalog.h"
#include "analysis/merge.h"
#include "analysis/pair.h"
#include "analysis/registry.h"
#include "analysis/scopes.h"
#include "analysis/tally.h"
#include "common/cli.h"
#include "database/store.h"
#include "trace/reader.h"

#include "loading/trace-rows.h"

static void format_time(uint64_t ns, char *text, size_t size)
{
	time_t seconds = (time_t)(ns / 1000000000);
	char date[32] = "";
	struct tm utc;

	if (gmtime_r(&seconds, &utc))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text, size, "%s.%03uZ", date, (unsigned int)(ns / 1000000 % 1000));
}

const char *trace_rows_ending(uint32_t state)
{
	switch (state) {
	case RHP_STATE_EXITED:
		return "exited";
	case RHP_STATE_STOPPED:
		return "stopped";
	case RHP_STATE_FULL:
		return "full";
	case RHP_STATE_FAILED:
		return "failed";
	case RHP_STATE_SNAPSHOT:
		return "snapshot";
	}
	return "unknown";
}

/* Why a scan for leaks failed, or NULL. */
static const char *scan_error(const struct scan *scan)
{
	int error = scan_failure(scan);

	if (error == ENOTSUP)
		return "a sample or a ring does not have all blocks";
	return error ? strerror(error) : NULL;
}

/* Why a trace could not be written to its end, or NULL. */
static const char *ending_error(const struct rhp_file_header *h)
{
	return h->state == RHP_STATE_FAILED ? strerror((int)(h->stop_errno & 0xffff))
					    : NULL;
}

static void write_process(const struct trace_rows *r, struct store *store)
{
	const struct rhp_file_header *h = reader_header(r->reader);
	int64_t end_ns = pair_totals(r->pair)->last_ns;
	const struct scan *scan = &r->catalog->scan;
	const char *failure = scan_error(scan);
	char started[64];

	format_time(h->start_realtime_ns, started, sizeof(started));
	store_process(store,
		      &(struct process_row){
			      .process = r->where->process,
			      .run = r->run,
			      .trace_path = r->trace,
			      .pid = h->pid,
			      .parent_pid = r->catalog->parent_pid,
			      .executable = h->executable,
			      .command_line = r->catalog->command_line,
			      .host = r->catalog->host,
			      .started_at = started,
			      .duration_ms = (double)end_ns / 1e6,
			      .pointer_size = h->pointer_size,
			      .capture = h->capture == 0 ? "link" : "process",
			      .max_stack_depth = h->max_stack_depth,
			      .max_trackers = h->max_trackers,
			      .event_buffer = h->event_buffer,
			      .max_bytes = (int64_t)h->max_bytes,
			      .ring = h->ring != 0,
			      .sample_bytes = (int64_t)h->sample_bytes,
			      .sample_rate = (double)h->sample_rate_ppm / 1e6,
			      .free_stacks = h->free_stacks != 0,
			      .runtime_version = h->runtime_version,
			      .started_unix_ns = (int64_t)h->start_realtime_ns,
			      .started_ticks = (int64_t)h->start_ticks,
			      .ending = trace_rows_ending(h->state),
			      .ending_error = ending_error(h),
			      .leak_scan = failure       ? "failed"
					   : scan->ticks ? "made"
							 : NULL,
			      .leak_scan_error = failure,
			      .leak_scan_ns =
				      scan->ticks ? reader_ns(r->reader, scan->ticks) : 0,
			      .leak_scan_threads = scan->other_threads,
		      });
}

static void write_catalog(const struct trace_rows *r, struct store *store)
{
	const struct catalog *c = r->catalog;

	for (size_t i = 0; i < c->n_threads; i++)
		store_thread(store, r->where, c->threads[i].number, c->threads[i].tid,
			     c->threads[i].name);
	for (size_t i = 0; i < c->n_modules; i++)
		store_mapping(store,
			      &(struct process_module_row){
				      .process = r->where->process,
				      .module = c->modules[i].shared,
				      .start_address = (int64_t)c->modules[i].start,
				      .end_address = (int64_t)c->modules[i].end,
				      .bias = (int64_t)c->modules[i].bias,
			      });
	for (size_t i = 0; i < c->n_marks; i++)
		store_mark(store, r->where,
			   (double)reader_ns(r->reader, c->marks[i].ticks) / 1e6,
			   c->marks[i].thread, c->marks[i].text);
	store_scopes(store, r->where, r->scopes);
}

/* Stacks that have a flag of enum registry_stack_flags. */
static uint64_t count_stacks(const struct trace_rows *r, int flag)
{
	const struct catalog *c = r->catalog;
	uint64_t n = 0;

	for (size_t i = 1; i < c->n_stacks; i++)
		n += (r->registry->stacks[c->stacks[i].number].flags & flag) != 0;
	return n;
}

static void write_totals(const struct trace_rows *r, struct store *store, uint64_t n_lost)
{
	const struct pair_totals *t = pair_totals(r->pair);
	const struct tally *tally = pair_tally(r->pair);
	const struct {
		const char *name;
		int64_t value;
		const char *meaning;
	} rows[] = {
		{"events", (int64_t)merge_counts(r->merge).events,
		 "Events read from the trace."},
		{"allocations", llround(tally->allocations),
		 "Blocks allocated; a realloc that succeeds allocates one. Like all"
		 " counts of blocks and bytes, an estimate if the trace was sampled."},
		{"recorded_blocks", (int64_t)t->allocations,
		 "Blocks in the trace: all of them, or the sample."},
		{"frees", (int64_t)t->frees, "Calls that freed a block."},
		{"reallocs", (int64_t)t->reallocs, "Reallocs that succeeded."},
		{"failed_reallocs", (int64_t)t->failed_reallocs,
		 "Reallocs that failed; their blocks stayed as they were."},
		{"allocated_bytes", llround(tally->bytes), "Bytes asked for in all."},
		{"live_blocks", llround(tally->live_blocks),
		 "Blocks not freed at the end."},
		{"live_bytes", llround(tally->live_bytes), "Their bytes."},
		{"in_realloc_blocks", (int64_t)t->in_realloc_blocks,
		 "Blocks in a realloc that had not returned at the end."},
		{"peak_bytes", llround(tally->peak_bytes),
		 "Most bytes live at one time."},
		{"peak_blocks", llround(tally->blocks_at_peak), "Blocks live then."},
		{"peak_ns", tally->peak_ns,
		 "When peak_bytes was first reached, since tracing began."},
		{"max_live_blocks", llround(tally->peak_blocks),
		 "Most blocks live at one time."},
		{"temporary_blocks", llround(tally->temporary),
		 "Blocks that their thread freed next, before anything else."},
		{"stacks", (int64_t)r->catalog->n_stacks - 1, "Distinct call stacks."},
		{"threads", (int64_t)r->catalog->n_threads,
		 "Threads that recorded anything."},
		{"incomplete_stacks", (int64_t)count_stacks(r, STACK_INCOMPLETE),
		 "Stacks that do not reach the outermost frame."},
		{"lost_events", (int64_t)n_lost,
		 "Events that began and are not in the trace."},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		store_total(store, r->where->process, rows[i].name, rows[i].value,
			    rows[i].meaning);
}

static void write_losses(const struct trace_rows *r, struct store *store)
{
	const uint64_t *lost = reader_header(r->reader)->lost;
	const struct reader_counts *file = reader_counts(r->reader);
	const struct merge_counts merge = merge_counts(r->merge);
	const struct pair_totals *t = pair_totals(r->pair);
	const struct {
		const char *reason;
		uint64_t count;
		const char *meaning;
	} rows[] = {
		{"unwritten", merge.unwritten,
		 "Events begun after the last one of their counter that is in the trace: "
		 "in"
		 " flight, or not written, when the program ended."},
		{"missing", merge.missing,
		 "Events missing before others that are in the trace."},
		{"io", lost[RHP_LOST_IO], "Not written: the trace could not grow."},
		{"tracker", lost[RHP_LOST_TRACKER],
		 "Not recorded: no tracker was to be had."},
		{"nested", lost[RHP_LOST_NESTED],
		 "Not recorded: in a signal handler, with the buffer full."},
		{"stack", lost[RHP_LOST_STACK],
		 "Recorded without their stack: the table of stacks was full."},
		{"early", lost[RHP_LOST_EARLY], "Before the runtime could start."},
		{"sample", lost[RHP_LOST_SAMPLE],
		 "No memory to remember that the block is of the sample."},
		{"limit", lost[RHP_LOST_LIMIT],
		 "After the size limit of the trace was reached."},
		{"overwritten", lost[RHP_LOST_RING],
		 "Older than what the ring kept: RHEAPER_MAX_BYTES."},
		{"foreign_free", t->foreign_free,
		 "Frees of addresses not known to be allocated."},
		{"foreign_realloc", t->foreign_realloc,
		 "Reallocs of addresses not known to be allocated."},
		{"unseen_free", t->unseen_free,
		 "Blocks whose address was handed out again without a free."},
		{"unpaired_realloc", t->unpaired_realloc,
		 "Ends of reallocs whose beginning is not in the trace."},
		{"unpaired_scope_end", r->scopes->unpaired,
		 "Ends of scopes whose beginning is not in the trace."},
		{"clock_inversions", t->clock_inversions,
		 "Blocks that ended before they began by the clock; lifetime set to 0."},
		{"torn_records", file->torn_records, "Records begun and not finished."},
		{"damaged_records",
		 file->damaged_records + r->catalog->n_damaged + merge.bad_stamps,
		 "Records with impossible content."},
		{"damaged_stacks", count_stacks(r, STACK_DAMAGED),
		 "Stacks with frames missing."},
		{"damaged_regions", file->damaged_regions,
		 "Parts of the file not readable."},
		{"missing_buffers", file->missing_buffers,
		 "Gaps in the buffers of a thread."},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		store_loss(store, r->where->process, rows[i].reason, rows[i].count,
			   rows[i].meaning);
}

/* Whether the process that the trace names runs that program here. */
static bool is_running(const struct rhp_file_header *h)
{
	char link[64], executable[sizeof(h->executable)];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%" PRIu32 "/exe", h->pid);
	length = readlink(link, executable, sizeof(executable) - 1);
	if (length <= 0)
		return false;
	executable[length] = 0;
	return strncmp(executable, h->executable, sizeof(executable)) == 0;
}

static void warn_losses(const struct trace_rows *r, uint64_t n_lost)
{
	const struct rhp_file_header *h = reader_header(r->reader);
	const struct reader_counts *file = reader_counts(r->reader);
	uint64_t n_damaged = file->damaged_records + r->catalog->n_damaged +
			     merge_counts(r->merge).bad_stamps;

	if (h->file_end > reader_size(r->reader) && file->unwritten_regions)
		warn("read %s: the file ends before the trace does", r->trace);
	if (h->state == RHP_STATE_RUNNING && is_running(h))
		warn("read %s: the program (process %" PRIu32
		     ") is running still: what it wrote during the load is not whole; "
		     "load"
		     " again when it has ended",
		     r->trace, h->pid);
	else if (h->state == RHP_STATE_RUNNING)
		warn("read %s: the program did not end by exit: it was killed, or called"
		     " _exit or exec",
		     r->trace);
	if (h->state == RHP_STATE_FULL)
		warn("read %s: the size limit was reached %.3f s after tracing began; "
		     "what"
		     " came later is unknown",
		     r->trace, (double)pair_totals(r->pair)->last_ns / 1e9);
	if (h->lost[RHP_LOST_RING])
		warn("read %s: the newest %.1f MiB were kept; %" PRIu64
		     " older events were overwritten",
		     r->trace, (double)h->max_bytes / 1048576,
		     (uint64_t)h->lost[RHP_LOST_RING]);
	if (h->state == RHP_STATE_FAILED)
		warn("read %s: tracing ended %.3f s after it began, because the trace"
		     " could not be written: %s; what came later is unknown",
		     r->trace, (double)pair_totals(r->pair)->last_ns / 1e9,
		     strerror((int)(h->stop_errno & 0xffff)));
	if (n_lost)
		warn("read %s: events missing: %" PRIu64, r->trace, n_lost);
	if (n_damaged || file->damaged_regions)
		warn("read %s: %" PRIu64 " records and %" PRIu64
		     " parts of the file are damaged and were left out",
		     r->trace, n_damaged, file->damaged_regions);
}

uint64_t trace_rows_write(const struct trace_rows *r, struct store *store)
{
	uint64_t n_lost = merge_lost(r->merge);

	write_process(r, store);
	write_catalog(r, store);
	write_totals(r, store, n_lost);
	write_losses(r, store);
	store_tally(store, r->where->process, r->catalog, pair_tally(r->pair));
	warn_losses(r, n_lost);
	return n_lost;
}
