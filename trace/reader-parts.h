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

#include "trace/reader.h"

/* One region of the file that holds records. */
struct reader_region {
	uint64_t sequence;
	uint64_t offset; /* of its first record */
	uint64_t base_ticks;
	uint32_t n_records; /* slots of the region that are in the file */
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
	uint32_t slot, n_slots;    /* in that region: next to read, how many */
	struct rhp_record *buffer; /* READER_BUFFER_RECORDS from buffer_slot on */
	uint32_t buffer_slot, n_buffer;
	uint64_t n_zeros;  /* unwritten slots since the last written one */
	uint64_t time;     /* of the last record, in record units */
	uint64_t big_size; /* of the event that follows, 0: none */
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
	struct rhp_record *twin; /* scratch: the window beside a torn chunk */
	double ns_per_tick;
	uint64_t issued[RHP_N_SHARDS];
};

#define READER_BUFFER_RECORDS 2730u /* just below 64 KiB */

/* Read n bytes at an offset, or as many as the file has. Returns their number or
 * -errno. */
int64_t reader_pread(struct reader *reader, void *to, size_t n, uint64_t offset);

void reader_stream_fini(struct reader_stream *stream);

/* The steps of reader_open. Those that return an int return 0, -errno or a problem. */
int reader_load_header(struct reader *reader, struct rhp_file_header *header);
int reader_load_issued(struct reader *reader);
void reader_set_clock(struct reader *reader);
bool reader_is_region(const struct rhp_region *region);
int reader_add_region(struct reader *reader, const struct rhp_region *region,
		      uint64_t offset, uint64_t room);
int reader_compare_regions(const void *left, const void *right);

/* Read n slots of the region at an offset, from `slot` on, into the stream's buffer;
 * slots that the file does not have become zeros. Returns 0 or -errno. */
int reader_read_slots(struct reader *reader, struct reader_stream *stream,
		      uint64_t offset, uint32_t slot, uint32_t n);

/* Following: read the next written records of the current window into the stream's
 * buffer. Returns 1, 0 if there are none so far, or -errno. */
int reader_fill_window(struct reader *reader, struct reader_stream *stream);
