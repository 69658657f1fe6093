/* SPDX-License-Identifier: MIT */
/*
 * Reads a trace file, complete or torn: programs open it, then take the events of each
 * stream in the order in which that stream wrote them. The caller orders the events of
 * different streams (analysis/merge.c). Nothing in the file is trusted. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/format.h"

struct reader;

/* Why a file cannot be read as a trace: positive results of reader_open. */
enum reader_problem {
	READER_EMPTY = 1,
	READER_NOT_A_TRACE,
	READER_PROGRAM,   /* a file that can be run: what a trace is made with */
	READER_DATABASE,  /* of SQLite: what is made of traces */
	READER_CUT_SHORT, /* the file ends before its first event */
	READER_BYTE_ORDER,
	READER_OLD_VERSION,
	READER_NEW_VERSION,
	READER_RECORD_SIZE,
	READER_BAD_HEADER,
	READER_RING,   /* reader_follow only: parts of the file are overwritten */
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
	uint32_t family; /* of a declared function; RHP_FAMILY_NONE: of another one */
	uint32_t family_flags; /* enum rhp_family_flags */
	uint64_t pool;         /* of the block, 0: none */
};

struct reader_blob {
	enum rhp_blob_type type;
	uint64_t b, c;
	const char *text; /* valid during the call */
	size_t text_size;
};

/*
 * The callbacks for records that are not events, which reader_next calls when it comes to
 * them. If one returns anything but 0, reader_next ends with that result.
 */
struct reader_sink {
	void *context;
	int (*node)(void *context, const struct rhp_record *record);
	int (*blob)(void *context, const struct reader_blob *blob);
	/* NULL: LEAK records are skipped; or those of pointers: ROOT, EDGES, EDGE */
	int (*leak)(void *context, const struct rhp_record *record);
	int (*pointer)(void *context, const struct rhp_record *record);
};

/* What was wrong with the part of the file that has been read. */
struct reader_counts {
	uint64_t damaged_regions;   /* neither a window nor a chunk */
	uint64_t unwritten_regions; /* reserved by the program, but empty in the file */
	uint64_t missing_buffers;   /* gaps in the sequence of a stream */
	uint64_t torn_records;      /* unwritten, with written ones after them */
	uint64_t damaged_records;   /* of unknown kind or impossible content */
};

/*
 * Open the trace at `path`. The size of the file is taken once: what is written later is
 * not read. Returns 0, -errno or an enum reader_problem; reader_explain() puts both in
 * words. The caller closes the reader with reader_close.
 */
int reader_open(struct reader **reader, const char *path, const struct reader_sink *sink);

/*
 * Open a trace that its program may still be writing. reader_next then returns 0 where no
 * more has been written so far, and reader_refresh makes it read on, so that each record
 * is read once. Records that are only partly written are read when they are complete, and
 * the later ones of their stream wait for them. When the trace is settled, unwritten
 * records are skipped, as after reader_open. Results as of reader_open.
 */
int reader_follow(struct reader **reader, const char *path,
		  const struct reader_sink *sink);

/*
 * Read the header and the counters again, and find what has been written since. `settled`
 * says that nothing more will be written. Streams keep their numbers; new ones come
 * behind them. Returns 0, -errno or an enum reader_problem.
 */
int reader_refresh(struct reader *reader, bool settled);

/* Return whether, since the last refresh, a stream has stopped before a record or buffer
 * that is only partly written. */
bool reader_is_held(const struct reader *reader);

/* Return whether the file has new buffers, which need another refresh to be read. */
bool reader_is_behind(const struct reader *reader);

void reader_close(struct reader *reader);

/* Return in words why a function here failed: `error` is -errno or a reader_problem. The
 * text is constant. */
const char *reader_explain(int error);

/* Return the number of streams. Their numbers here begin with 0 and have no gaps. */
size_t reader_n_streams(const struct reader *reader);

/* Fill *event with the next event of a stream. Returns 1, 0 at the end of the stream,
 * -errno, or the result of a callback of the sink. */
int reader_next(struct reader *reader, size_t stream, struct reader_event *event);

const struct rhp_file_header *reader_header(const struct reader *reader);
const struct reader_counts *reader_counts(const struct reader *reader);

/* Return how many stamps the program had taken from a shard when the trace was opened or
 * refreshed. */
uint64_t reader_issued(const struct reader *reader, uint32_t shard);

/* Convert ticks to nanoseconds since tracing began; never less than 0. */
int64_t reader_ns(const struct reader *reader, uint64_t ticks);

/* Return an upper bound of the number of records in the file. */
uint64_t reader_n_records_max(const struct reader *reader);

/* Return how many bytes of the file have been read; and its size in bytes. */
uint64_t reader_position(const struct reader *reader);
uint64_t reader_size(const struct reader *reader);
