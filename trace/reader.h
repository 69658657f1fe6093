/* SPDX-License-Identifier: MIT */
/*
 * Reads a trace file, whole or torn: programs open it, then take the events of
 * each stream in the order in which that stream wrote them. The order between
 * streams is the caller's affair (analysis/merge.c). Nothing in the file
 * is trusted. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/format.h"

struct reader;

/* Why a file cannot be read as a trace: positive results of reader_open. */
enum reader_problem {
	READER_EMPTY = 1,
	READER_NOT_A_TRACE,
	READER_CUT_SHORT, /* it ends before the first event could come */
	READER_BYTE_ORDER,
	READER_VERSION,
	READER_RECORD_SIZE,
	READER_BAD_HEADER,
	READER_RING,   /* it cannot be followed, for parts of it are overwritten */
	READER_SHRANK, /* reader_refresh only */
};

struct reader_event {
	uint64_t address;
	uint64_t stamp;
	uint64_t size;
	uint64_t ticks;
	uint32_t node;
	uint32_t thread; /* 0: unknown */
	uint32_t stream;
	enum rhp_code code;
};

struct reader_blob {
	enum rhp_blob_type type;
	uint64_t b, c;
	const char *text; /* valid during the call */
	size_t text_size;
};

/*
 * Who takes the records that are not events, as they come along. A result
 * other than 0 ends reader_next with that result.
 */
struct reader_sink {
	void *context;
	int (*node)(void *context, const struct rhp_record *record);
	int (*blob)(void *context, const struct reader_blob *blob);
	int (*leak)(void *context, const struct rhp_record *record); /* NULL: no use */
};

/* What was wrong with the file, counted on the way. */
struct reader_counts {
	uint64_t damaged_regions;   /* neither a window nor a chunk */
	uint64_t unwritten_regions; /* handed out, but nothing in the file */
	uint64_t missing_buffers;   /* gaps in the sequence of a stream */
	uint64_t torn_records;      /* unwritten, with written ones after them */
	uint64_t damaged_records;   /* of unknown kind or impossible content */
};

/*
 * Open the trace at path. 0, -errno, or an enum reader_problem, which
 * reader_explain() puts in words. The file's size is taken once: what is
 * written to it later is not seen.
 */
int reader_open(struct reader **reader, const char *path, const struct reader_sink *sink);
/*
 * The same for a trace that its program may be writing. reader_next then gives 0 where
 * no more has been written for now; reader_refresh sees what has come since, so that
 * all is read once. What is being written is left alone until it is whole, and a
 * record that was begun before others is waited for, unless the trace is settled: then
 * unwritten records are passed over, as reader_open's reader does.
 */
int reader_follow(struct reader **reader, const char *path,
		  const struct reader_sink *sink);

/* The header, the counters, and what was written: 0, -errno or a problem. Streams keep
 * their numbers; new ones come behind them. */
int reader_refresh(struct reader *reader, bool settled);

/* Since the last refresh, a stream came to something that is only begun; buffers came
 * which only another refresh makes readable. */
bool reader_is_held(const struct reader *reader);
bool reader_is_behind(const struct reader *reader);

void reader_close(struct reader *reader);

/* Why a function here failed, in words: -errno or an enum reader_problem. */
const char *reader_explain(int error);

/* Streams are numbered from 0 here, without gaps. */
size_t reader_n_streams(const struct reader *reader);

/* The next event of a stream: 1, 0 at its end, -errno, or the sink's result. */
int reader_next(struct reader *reader, size_t stream, struct reader_event *event);

const struct rhp_file_header *reader_header(const struct reader *reader);
const struct reader_counts *reader_counts(const struct reader *reader);

/* Stamps that the program had taken from a shard when the trace was opened. */
uint64_t reader_issued(const struct reader *reader, uint32_t shard);

/* Ticks as nanoseconds since tracing began, not less than 0. */
int64_t reader_ns(const struct reader *reader, uint64_t ticks);

/* An upper bound of the number of records in the file. */
uint64_t reader_n_records_max(const struct reader *reader);

/* For a progress line: bytes read, and bytes there are. */
uint64_t reader_position(const struct reader *reader);
uint64_t reader_size(const struct reader *reader);
