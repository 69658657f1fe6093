// SPDX-License-Identifier: MIT
#include <string.h>

#include "tests/faults/hostile.h"

#define FIELD(name)                                                                      \
	.at = offsetof(struct rhp_file_header, name),                                    \
	.size = sizeof(((struct rhp_file_header *)0)->name)
#define COUNTERS (RHP_HEADER_SIZE + (size_t)RHP_N_SHARDS * RHP_SHARD_STRIDE)
#define DAMAGED "the header of the trace is damaged"
#define CUT "the trace is cut short: it ends before its first event"

static void make_zeros(struct trace_writer *w)
{
	memset(w->bytes, 0, w->size);
}

/* The counters say that 2^64-1 stamps were taken from each shard, or none. */
static void fill_counters(struct trace_writer *w, int byte)
{
	memset(w->bytes + RHP_HEADER_SIZE, byte, COUNTERS - RHP_HEADER_SIZE);
}

static void max_counters(struct trace_writer *w)
{
	fill_counters(w, 0xff);
}

static void no_counters(struct trace_writer *w)
{
	fill_counters(w, 0);
}

static void snapshot_of_nothing(struct trace_writer *w)
{
	no_counters(w);
	writer_header(w)->state = RHP_STATE_SNAPSHOT;
}

static void fill_path(struct trace_writer *w)
{
	struct rhp_file_header *h = writer_header(w);

	memset(h->executable, 'x', sizeof(h->executable));
	memset(h->runtime_version, 'v', sizeof(h->runtime_version));
}

static void name_with_everything(struct trace_writer *w)
{
	strcpy(writer_header(w)->executable,
	       "/bin/'\"; DROP TABLE runs;--<script>\x1b[2J\xff\n=1+1");
}

static void all_lost(struct trace_writer *w)
{
	memset(writer_header(w)->lost, 0xff, sizeof(writer_header(w)->lost));
}

static void clock_backwards(struct trace_writer *w)
{
	writer_header(w)->start_ticks = UINT64_MAX;
	writer_header(w)->last_ticks = 0;
}

static void clock_steep(struct trace_writer *w)
{
	writer_header(w)->last_ticks = 1;
	writer_header(w)->last_ns = UINT64_MAX;
}

static void all_ones(struct trace_writer *w)
{
	struct rhp_file_header *h = writer_header(w);

	memset((char *)h + offsetof(struct rhp_file_header, stop_errno), 0xff,
	       offsetof(struct rhp_file_header, runtime_version) -
		       offsetof(struct rhp_file_header, stop_errno));
	h->time_shift = 0;
}

/* A ring whose overwritten chunks had more events than there can be. */
static void ring_lost(struct trace_writer *w)
{
	writer_header(w)->ring = 1;
	writer_header(w)->lost[RHP_LOST_RING] = UINT64_MAX;
}

static void second_header(struct trace_writer *w)
{
	size_t r = writer_region(w, 1, RHP_REGION_WINDOW, 0);

	memcpy(writer_records(w, r), w->bytes, w->region_size);
	memcpy(writer_region_header(w, r), w->bytes, sizeof(struct rhp_region));
}

const struct hostile hostile_headers[] = {
	{"usual", AS_USUAL},
	/* Cut */
	{"one-byte", REFUSED(CUT), .cut = 1},
	{"magic-only", REFUSED(CUT), .cut = 8},
	{"half-a-header", REFUSED(CUT), .cut = 2048},
	{"header-only", REFUSED(CUT), .cut = RHP_HEADER_SIZE},
	{"half-the-counters", REFUSED(CUT), .cut = COUNTERS / 2},
	{"no-region", PARTIAL(NOTHING), .cut = COUNTERS},
	{"half-a-region-header", PARTIAL(NOTHING), .cut = COUNTERS + 32},
	/* What kind of file it is */
	{"zeros", REFUSED("not a rheaper trace"), .change = make_zeros},
	{"other-magic", REFUSED("not a rheaper trace"), FIELD(magic), .value = 1},
	{"foreign-byte-order", REFUSED("a machine with the other byte order"),
	 FIELD(byte_order), .value = 0x04030201},
	{"no-byte-order", REFUSED(DAMAGED), FIELD(byte_order), .value = 0},
	{"future-version", REFUSED("a newer format"), FIELD(version),
	 .value = RHP_TRACE_VERSION + 1},
	{"version-0", REFUSED("an older format"), FIELD(version), .value = 0},
	{"version-max", REFUSED("a newer format"), FIELD(version), .value = 0xffff},
	{"larger-records", REFUSED("another record size"), FIELD(record_size),
	 .value = 32},
	{"records-of-0", REFUSED("another record size"), FIELD(record_size), .value = 0},
	/* Sizes and offsets */
	{"header-size-0", REFUSED(DAMAGED), FIELD(header_size), .value = 0},
	{"header-size-max", REFUSED(DAMAGED), FIELD(header_size), .value = UINT32_MAX},
	{"regions-of-0", REFUSED(DAMAGED), FIELD(region_size), .value = 0},
	{"regions-of-their-header", REFUSED(DAMAGED), FIELD(region_size),
	 .value = sizeof(struct rhp_region)},
	{"regions-of-4-GiB", REFUSED(DAMAGED), FIELD(region_size), .value = UINT32_MAX},
	{"regions-of-1-GiB", AS_USUAL, FIELD(region_size), .value = 1 << 30},
	{"no-shards", REFUSED(DAMAGED), FIELD(n_shards), .value = 0},
	{"shards-max", REFUSED(DAMAGED), FIELD(n_shards), .value = UINT32_MAX},
	{"shards-in-the-header", REFUSED(DAMAGED), FIELD(shard_offset), .value = 0},
	{"shards-uneven", REFUSED(DAMAGED), FIELD(shard_offset),
	 .value = RHP_HEADER_SIZE + 1},
	{"shards-at-the-end-of-numbers", REFUSED(CUT), FIELD(shard_offset),
	 .value = UINT64_MAX - 7},
	{"shards-behind-the-file", REFUSED(CUT), FIELD(shard_offset), .value = 1 << 20},
	{"regions-in-the-header", REFUSED(DAMAGED), FIELD(first_region), .value = 0},
	{"regions-in-the-counters", PARTIAL(NOTHING), FIELD(first_region),
	 .value = RHP_HEADER_SIZE},
	{"regions-at-the-end-of-numbers", REFUSED(CUT), FIELD(first_region),
	 .value = UINT64_MAX},
	{"ends-at-0", PARTIAL(NOTHING), FIELD(file_end), .value = 0},
	{"ends-at-the-end-of-numbers", AS_USUAL, FIELD(file_end), .value = UINT64_MAX},
	{"two-headers", PARTIAL(USUAL_SAID), .change = second_header},
	/* What it says of the program */
	{"state-0", .load = 0,
	 .said = "4 events, 2 allocations, 0 live when the trace"
		 " ended (0 bytes), 0 lost",
	 .check = 2, FIELD(state), .value = 0},
	/* Whose events all came after it was made */
	{"snapshot-of-nothing", .load = 0,
	 .said = "0 events, 0 allocations, 0 live when the trace ended (0 bytes), 0 lost",
	 .check = 0, .change = snapshot_of_nothing},
	{"state-unknown", .load = 0,
	 .said = "4 events, 2 allocations, 0 live when the"
		 " trace ended (0 bytes), 0 lost",
	 .check = 2, FIELD(state), .value = 99},
	{"time-shift-33", REFUSED(DAMAGED), FIELD(time_shift), .value = 33},
	{"time-shift-32", AS_USUAL, FIELD(time_shift), .value = 32},
	{"clock-backwards", AS_USUAL, .change = clock_backwards},
	{"clock-steep", AS_USUAL, .change = clock_steep},
	{"start-of-time-max", AS_USUAL, FIELD(start_realtime_ns), .value = UINT64_MAX},
	{"stack-depth-0", AS_USUAL, FIELD(max_stack_depth), .value = 0},
	{"stack-depth-max", AS_USUAL, FIELD(max_stack_depth), .value = UINT32_MAX},
	{"pointers-of-0", AS_USUAL, FIELD(pointer_size), .value = 0},
	{"pid-max", AS_USUAL, FIELD(pid), .value = UINT32_MAX},
	{"sample-max", PARTIAL("4 events, "), FIELD(sample_bytes), .value = UINT64_MAX},
	{"sample-rate-0", AS_USUAL, FIELD(sample_rate_ppm), .value = 0},
	{"sample-rate-max", AS_USUAL, FIELD(sample_rate_ppm), .value = UINT64_MAX},
	{"all-ones", PARTIAL("4 events, "), .change = all_ones},
	{"path-without-end", AS_USUAL, .change = fill_path},
	{"path-with-everything", AS_USUAL, .change = name_with_everything},
	{"capture-unknown", AS_USUAL, FIELD(capture), .value = UINT32_MAX},
	/* Counts */
	{"counters-max", PARTIAL("4 events, 2 allocations, 0 live at exit"),
	 .change = max_counters},
	{"counters-0", PARTIAL(USUAL_SAID), .change = no_counters},
	{"all-lost", PARTIAL("4 events, 2 allocations, 0 live at exit"),
	 .change = all_lost},
	{"ring-without-a-size", AS_USUAL, FIELD(ring), .value = 1},
	{"ring-lost-max", PARTIAL("4 events, 2 allocations, 0 live at exit"),
	 .change = ring_lost},
};
const size_t n_hostile_headers = sizeof(hostile_headers) / sizeof(*hostile_headers);
