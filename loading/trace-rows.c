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
#include "analysis/nest.h"
#include "analysis/pair.h"
#include "analysis/registry.h"
#include "analysis/scopes.h"
#include "analysis/tally.h"
#include "common/cli.h"
#include "database/store.h"
#include "database/terms.h"
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
	static const enum process_ending endings[] = {
		[RHP_STATE_RUNNING] = ENDING_UNKNOWN,
		[RHP_STATE_EXITED] = ENDING_EXITED,
		[RHP_STATE_STOPPED] = ENDING_STOPPED,
		[RHP_STATE_FULL] = ENDING_FULL,
		[RHP_STATE_FAILED] = ENDING_FAILED,
		[RHP_STATE_SNAPSHOT] = ENDING_SNAPSHOT,
		[RHP_STATE_EXECUTED] = ENDING_EXECUTED,
	};
	bool known = state < sizeof(endings) / sizeof(*endings);

	return process_ending_names[known ? endings[state] : ENDING_UNKNOWN];
}

/* strerror() may give its buffer to the next one who asks: each reason is copied. */
struct reason {
	char text[128];
};

/* Why a leak scan failed, or NULL. Each other thread may have been inside an allocation
 * that had begun before the scan and was written after it. */
static const char *scan_error(const struct trace_rows *r, struct reason *reason)
{
	const struct scan *scan = &r->catalog->scan;
	int error = scan_failure(scan);

	if (error == ENOTSUP)
		return "a sample or a ring does not contain all blocks";
	if (error == ESRCH)
		return "/proc is of another namespace of processes than the program";
	if (error == E2BIG)
		return "more is mapped, or more blocks are live, than a scan can look "
		       "through";
	if (!error && pair_totals(r->pair)->unscanned_blocks > scan->other_threads)
		return "blocks that were live then are not in what it found";
	if (!error)
		return NULL;
	snprintf(reason->text, sizeof(reason->text), "%s", strerror(error));
	return reason->text;
}

/* Why a trace could not be written to its end, or NULL. */
static const char *ending_error(const struct rhp_file_header *h, struct reason *reason)
{
	if (h->state != RHP_STATE_FAILED)
		return NULL;
	snprintf(reason->text, sizeof(reason->text), "%s",
		 strerror((int)(h->stop_errno & 0xffff)));
	return reason->text;
}

static void write_process(const struct trace_rows *r, struct store *store)
{
	const struct rhp_file_header *h = reader_header(r->reader);
	int64_t end_ns = pair_totals(r->pair)->last_ns;
	const struct scan *scan = &r->catalog->scan;
	struct reason scan_reason, ending_reason;
	const char *failure = scan_error(r, &scan_reason);
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
			      .ending_error = ending_error(h, &ending_reason),
			      .leak_scan = failure       ? "failed"
					   : scan->ticks ? "made"
							 : NULL,
			      .leak_scan_error = failure,
			      .leak_scan_ns =
				      scan->ticks ? reader_ns(r->reader, scan->ticks) : 0,
			      .leak_scan_threads = scan->other_threads,
			      .exit_threads = h->exit_threads,
			      .forked = h->is_child != 0,
			      .counted_in = (int64_t)h->counted_in,
			      .began_late = h->began_late != 0,
			      .silent_children = h->children[RHP_CHILD_SILENT],
			      .executed_children = h->children[RHP_CHILD_EXECUTED],
			      .followed_children = h->children[RHP_CHILD_FOLLOWED],
		      });
}

/* A thread's number, or 0 of one that the trace does not name. */
static uint64_t known_thread(const struct catalog *c, uint64_t thread)
{
	return map_get(&c->thread_numbers, thread) != MAP_NONE ? thread : 0;
}

static void write_catalog(const struct trace_rows *r, struct store *store)
{
	const struct catalog *c = r->catalog;

	for (size_t i = 0; i < c->n_labels; i++)
		store_build_label(store, &(struct build_label_row){
						 .process = r->where->process,
						 .name = c->labels[i].name,
						 .value = c->labels[i].value,
					 });
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
			   known_thread(c, c->marks[i].thread), c->marks[i].text);
	for (size_t i = 0; i < c->n_residents; i++)
		store_resident(store, r->where->process,
			       (double)reader_ns(r->reader, c->residents[i].ticks) / 1e6,
			       c->residents[i].bytes);
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

/* Records of unknown kind, impossible content or impossible stamp. */
static uint64_t count_damaged_records(const struct trace_rows *r)
{
	return reader_counts(r->reader)->damaged_records + r->catalog->n_damaged +
	       merge_counts(r->merge).bad_stamps;
}

/* A row of totals or of losses. */
struct sum {
	const char *name;
	int64_t value;
	const char *meaning;
};

static void write_totals(const struct trace_rows *r, struct store *store, uint64_t n_lost)
{
	const struct pair_totals *t = pair_totals(r->pair);
	const struct tally *tally = pair_tally(r->pair);
	const struct nest *nest = pair_nest(r->pair);
	const struct sum rows[] = {
		{"events", (int64_t)merge_counts(r->merge).events,
		 "Events read from the trace."},
		{"allocations", llround(tally->allocations),
		 "Blocks allocated. A realloc that succeeds allocates one. If the trace "
		 "was sampled, all counts of blocks and bytes are estimates."},
		{"recorded_blocks", (int64_t)t->allocations,
		 "Blocks recorded in the trace: all of them, or the sample."},
		{"frees", (int64_t)t->frees, "Calls that freed a block."},
		{"reallocs", (int64_t)t->reallocs, "Reallocs that succeeded."},
		{"failed_reallocs", (int64_t)t->failed_reallocs,
		 "Reallocs that failed. They leave their block as it was."},
		{"allocated_bytes", llround(tally->bytes), "Bytes requested in total."},
		{"live_blocks", llround(tally->live_blocks),
		 "Blocks not freed when the trace ended."},
		{"live_bytes", llround(tally->live_bytes),
		 "Bytes not freed when the trace ended."},
		{"inner_blocks", (int64_t)nest->n_inner,
		 "Blocks that a declared allocator handed out of blocks of another one, "
		 "as "
		 "recorded; the totals above count their memory with these."},
		{"inner_bytes", (int64_t)nest->inner_bytes, "Bytes of the inner blocks."},
		{"inner_live_blocks", (int64_t)nest->n_live,
		 "Inner blocks not freed when the trace ended."},
		{"inner_live_bytes", (int64_t)nest->live_bytes,
		 "Bytes of the inner blocks not freed when the trace ended."},
		{"inner_peak_bytes", (int64_t)nest->peak_bytes,
		 "Most bytes of inner blocks live at one time."},
		{"in_realloc_blocks", (int64_t)t->in_realloc_blocks,
		 "Blocks whose realloc had not returned when the trace ended."},
		{"peak_bytes", llround(tally->peak_bytes),
		 "Most bytes live at one time."},
		{"peak_blocks", llround(tally->blocks_at_peak),
		 "Blocks live when peak_bytes was first reached."},
		{"peak_ns", tally->peak_ns,
		 "When peak_bytes was first reached, in nanoseconds since tracing "
		 "began."},
		{"max_live_blocks", llround(tally->peak_blocks),
		 "Most blocks live at one time."},
		{"temporary_blocks", llround(tally->temporary),
		 "Blocks that their thread freed next, before it did anything else."},
		{"stacks", (int64_t)r->catalog->n_stacks - 1, "Distinct call stacks."},
		{"threads", (int64_t)r->catalog->n_threads,
		 "Threads that recorded anything."},
		{"incomplete_stacks", (int64_t)count_stacks(r, STACK_INCOMPLETE),
		 "Stacks whose unwinding stopped before the outermost frame."},
		{"lost_events", (int64_t)n_lost,
		 "Events that began but are not in the trace."},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		store_total(store, r->where->process, rows[i].name, rows[i].value,
			    rows[i].meaning);
}

static void write_loss_rows(const struct trace_rows *r, struct store *store,
			    const struct sum *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		store_loss(store, r->where->process, rows[i].name,
			   (uint64_t)rows[i].value, rows[i].meaning);
}

/* What the runtime counted when it could not record an event as it should. */
static void write_runtime_losses(const struct trace_rows *r, struct store *store)
{
	static const struct {
		enum rhp_loss loss;
		const char *reason, *meaning;
	} rows[] = {
		{RHP_LOST_IO, "io", "Events not written: the trace could not grow."},
		{RHP_LOST_TRACKER, "tracker",
		 "Events not recorded: no tracker was free (RHEAPER_MAX_TRACKERS)."},
		{RHP_LOST_NESTED, "nested",
		 "Events not recorded: a signal handler found the buffer full."},
		{RHP_LOST_STACK, "stack",
		 "Events recorded without their stack: the table of stacks was full."},
		{RHP_LOST_EARLY, "early",
		 "Events not recorded: they came before the runtime could start."},
		{RHP_LOST_SAMPLE, "sample",
		 "Blocks left out of the sample: there was no memory to track them."},
		{RHP_LOST_LIMIT, "limit",
		 "Events not recorded: the trace had reached RHEAPER_MAX_BYTES."},
		{RHP_LOST_RING, "overwritten",
		 "Events that the ring overwrote by newer ones (RHEAPER_MAX_BYTES)."},
	};
	const uint64_t *lost = reader_header(r->reader)->lost;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		store_loss(store, r->where->process, rows[i].reason, lost[rows[i].loss],
			   rows[i].meaning);
}

static int64_t children_of(const struct trace_rows *r, enum rhp_child kind)
{
	return reader_header(r->reader)->more_children[kind - RHP_CHILD_QUIET];
}

/* Events that cannot be paired with the ones that they belong to. */
static void write_unpaired(const struct trace_rows *r, struct store *store)
{
	const struct pair_totals *t = pair_totals(r->pair);
	const struct sum rows[] = {
		{"foreign_free", (int64_t)t->foreign_free,
		 "Frees of addresses at which no live block was known."},
		{"foreign_realloc", (int64_t)t->foreign_realloc,
		 "Reallocs of addresses at which no live block was known."},
		{"unseen_free", (int64_t)t->unseen_free,
		 "Blocks whose free was not recorded: their address was allocated "
		 "again."},
		{"unpaired_realloc", (int64_t)t->unpaired_realloc,
		 "Ends of reallocs whose beginning is not in the trace."},
		{"unpaired_scope_end", (int64_t)r->scopes->unpaired,
		 "Ends of scopes that were not open."},
		{"unrecorded_library",
		 (r->catalog->scan.flags & RHP_SCAN_UNRECORDED) != 0,
		 "Process with a library that allocates without being recorded, as a "
		 "leak "
		 "scan found (RTLD_DEEPBIND, -Bsymbolic, dlmopen, dlsym)."},
		{"scan_on_other_stack",
		 (r->catalog->scan.flags & RHP_SCAN_OTHER_STACK) != 0,
		 "Process that was scanned for leaks from a stack which is not the "
		 "thread's "
		 "own, as a fiber's, so that the free part of that stack counted."},
		{"quiet_children", children_of(r, RHP_CHILD_QUIET),
		 "Forked children that called no recorded function: what they lost of "
		 "what they had from their parent is not known."},
		{"untraced_programs", children_of(r, RHP_CHILD_UNTRACED),
		 "Programs that the process, or a child of it, executed without "
		 "RHEAPER_TRACE in their environment: they left no trace."},
		{"clock_inversions", (int64_t)t->clock_inversions,
		 "Blocks that ended before they began, by the clock. Their lifetime is "
		 "set to 0."},
	};

	write_loss_rows(r, store, rows, sizeof(rows) / sizeof(*rows));
}

/* What is wrong with the file. */
static void write_damage(const struct trace_rows *r, struct store *store)
{
	const struct reader_counts *file = reader_counts(r->reader);
	const struct sum rows[] = {
		{"torn_records", (int64_t)file->torn_records,
		 "Records that were begun and not finished."},
		{"damaged_records", (int64_t)count_damaged_records(r),
		 "Records with impossible content."},
		{"damaged_stacks", (int64_t)count_stacks(r, STACK_DAMAGED),
		 "Stacks with frames missing."},
		{"damaged_regions", (int64_t)file->damaged_regions,
		 "Regions of the file that cannot be read."},
		{"missing_buffers", (int64_t)file->missing_buffers,
		 "Gaps in the sequence of a thread's buffers."},
	};

	write_loss_rows(r, store, rows, sizeof(rows) / sizeof(*rows));
}

static void write_losses(const struct trace_rows *r, struct store *store)
{
	const struct merge_counts merge = merge_counts(r->merge);
	const struct sum rows[] = {
		{"unwritten", (int64_t)merge.unwritten,
		 "Events that had begun but were not written when the program ended: "
		 "those after the last written one of their counter."},
		{"missing", (int64_t)merge.missing,
		 "Events not in the trace although later ones of their counter are."},
	};

	write_loss_rows(r, store, rows, sizeof(rows) / sizeof(*rows));
	write_runtime_losses(r, store);
	write_unpaired(r, store);
	write_damage(r, store);
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
	uint64_t n_damaged = count_damaged_records(r);

	if (h->file_end > reader_size(r->reader) && file->unwritten_regions)
		warn("read %s: the file is truncated: the end of the trace is missing",
		     r->trace);
	if (h->state == RHP_STATE_RUNNING && is_running(h))
		warn("read %s: the program (process %" PRIu32
		     ") is still running, so its latest events are incomplete; load the "
		     "trace again when it has ended",
		     r->trace, h->pid);
	else if (h->state == RHP_STATE_RUNNING)
		warn("read %s: the program did not exit normally: it was killed, or "
		     "called _exit",
		     r->trace);
	if (h->state == RHP_STATE_FULL)
		warn("read %s: the trace reached its size limit %.3f s after tracing "
		     "began; later events are missing",
		     r->trace, (double)pair_totals(r->pair)->last_ns / 1e9);
	if (h->lost[RHP_LOST_RING])
		warn("read %s: the ring kept the newest %.1f MiB and overwrote %" PRIu64
		     " older events",
		     r->trace, (double)h->max_bytes / 1048576,
		     (uint64_t)h->lost[RHP_LOST_RING]);
	if (h->state == RHP_STATE_FAILED)
		warn("read %s: the trace could not be written %.3f s after tracing "
		     "began: %s; later events are missing",
		     r->trace, (double)pair_totals(r->pair)->last_ns / 1e9,
		     strerror((int)(h->stop_errno & 0xffff)));
	if (n_lost)
		warn("read %s: events are missing: %" PRIu64
		     "; the table losses has the reasons",
		     r->trace, n_lost);
	if (n_damaged || file->damaged_regions)
		warn("read %s: skipped damaged parts of the file: %" PRIu64
		     " records and %" PRIu64 " regions",
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
