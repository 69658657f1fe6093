/* SPDX-License-Identifier: MIT */
/*
 * The inside of the reader, which reader.c (the file and its regions), reader-stream.c
 * (the records of one stream) and reader-follow.c (traces that are being written) share.
 * These are one object in three files: they call each other in a circle, the only one
 * that tests/check-layers.py allows, because a stream that comes to its end asks for what
 * was written since, and that opens regions of streams.
 */
#pragma once

#include <stdbool.h>

#include "contract/packed.h"
#include "trace/reader.h"

/* One region of the file that holds records. */
struct reader_region {
	uint64_t sequence;
	uint64_t offset; /* of its first unit */
	uint64_t base_ticks;
	uint64_t base;    /* of the addresses of its short records */
	uint32_t n_units; /* of the region that are in the file */
	uint16_t stream;
	uint16_t kind;
};

/* A text whose BLOB record has been read, but not all of its TEXT records. */
struct reader_partial {
	struct reader_blob blob;
	char *text;
	size_t have, allocated;
};

/* A signal handler may write a blob in the middle of another one. */
#define READER_N_PARTIALS 4

struct reader_stream {
	size_t region, end_region; /* indexes: the one being read, the end of ours */
	uint64_t sequence;         /* of the buffer being read, or of the next one */
	uint32_t slot, n_slots;    /* in that region: next unit to read, how many */
	uint64_t *buffer;          /* READER_BUFFER_UNITS from buffer_slot on */
	uint32_t buffer_slot, n_buffer;
	/* What the records of that buffer so far say about those that follow. */
	uint64_t time;  /* of the last event, in record units */
	uint64_t base;  /* of the addresses of short records */
	uint32_t *high; /* by shard: of stamps, of the last wide event, and 1; or NULL */
	bool in_gap;    /* what was looked at last was not written */
	bool had_gap;   /* records before this place were not written */
	uint64_t big_size; /* of the event that follows, 0: none */
	uint64_t family;   /* of the same: b of its FAMILY record; and c */
	uint64_t pool;
	uint32_t thread;
	uint32_t n_partials;
	struct reader_partial partials[READER_N_PARTIALS];
	uint16_t number;
	bool begun;  /* that buffer is being read */
	bool absent; /* following: that buffer is not in the file now */
	bool held;   /* following: the next record or buffer is only partly written */
};

struct reader {
	int fd;
	bool following, settled;
	uint64_t size, position;
	struct rhp_file_header header;
	struct reader_sink sink;
	struct reader_counts counts;
	struct reader_region *regions; /* sorted by stream, sequence, chunk first */
	size_t n_regions, n_regions_max;
	size_t n_sorted;         /* following: the later ones are new */
	uint64_t scanned;        /* all regions before this offset are in `regions` */
	struct rhp_region clock; /* the region that was begun last */
	struct reader_unwritten {
		uint64_t *offsets; /* following: of regions without a header as yet */
		size_t n, n_max;
	} unwritten;
	uint32_t *stream_numbers; /* following: number in the file -> 1 + index */
	struct reader_stream *streams;
	size_t n_streams;
	uint64_t *twin; /* scratch: the window beside a torn chunk */
	double ns_per_tick;
	uint64_t issued[RHP_N_SHARDS];
};

#define READER_BUFFER_UNITS 8190u /* just below 64 KiB */

/* Return whether the records of the trace are packed: contract/packed.h. */
static inline bool reader_is_packed(const struct reader *reader)
{
	return reader->header.version >= RHP_TRACE_VERSION_PACKED;
}

/* Return how many units the whole record has that begins at *units, of which there are n;
 * 0: it is not whole, or not written. */
uint32_t reader_size_of(const struct reader *reader, const uint64_t *units, uint32_t n);

/* Return how many units to go on where that is 0. */
static inline uint32_t reader_step(const struct reader *reader)
{
	return reader_is_packed(reader) ? 1 : RHP_WIDE_UNITS;
}

/* Read n bytes at an offset, or as many as the file has. Returns their number or
 * -errno. */
int64_t reader_pread(struct reader *reader, void *to, size_t n, uint64_t offset);

void reader_stream_fini(struct reader_stream *stream);

/* The steps of reader_open. Those that return an int return 0, -errno or a problem. */
int reader_load_header(struct reader *reader, struct rhp_file_header *header);
int reader_load_issued(struct reader *reader);
void reader_set_clock(struct reader *reader);
bool reader_is_region(const struct rhp_region *region);
bool reader_is_whole(const struct reader *reader, const struct rhp_region *region);
/* Where the header of the region is that begins at an offset. */
uint64_t reader_head_of(const struct reader *reader, uint64_t offset);
int reader_add_region(struct reader *reader, const struct rhp_region *region,
		      uint64_t offset, uint64_t room);
int reader_compare_regions(const void *left, const void *right);

/* Read n units of the region at an offset, from `slot` on, into the stream's buffer;
 * units that the file does not have become zeros. Returns 0 or -errno. */
int reader_read_slots(struct reader *reader, struct reader_stream *stream,
		      uint64_t offset, uint32_t slot, uint32_t n);

/* Begin the buffer that the stream is at, of which nothing has been read. */
void reader_begin_buffer(const struct reader *reader, struct reader_stream *stream);

/* The records before this place were not written: counts that, once, and forgets what
 * they would have said. */
void reader_pass_gap(struct reader *reader, struct reader_stream *stream);

/* Following: read the next written records of the current window into the stream's
 * buffer. Returns 1, 0 if there are none so far, or -errno. */
int reader_fill_window(struct reader *reader, struct reader_stream *stream);
