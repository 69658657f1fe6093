// SPDX-License-Identifier: MIT
/*
 * The file and its regions. The trace is read with pread and never mapped, so
 * that a file that shrinks meanwhile gives short reads and not SIGBUS. One
 * pass over the region headers makes a table, 48 bytes per region; sorted, it
 * is the list of buffers of every stream in the order they were filled.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace/reader-parts.h"

#include "trace/reader.h"

#define MAX_REGION_SIZE (UINT32_C(1) << 30)
#define MAX_TIME_SHIFT 32
#define TEXT_OF(number) #number
#define RANGE(first, last) TEXT_OF(first) " to " TEXT_OF(last)
#define VERSIONS RANGE(RHP_TRACE_VERSION_FIRST, RHP_TRACE_VERSION)

int64_t reader_pread(struct reader *reader, void *to, size_t n, uint64_t offset)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = pread(reader->fd, (char *)to + done, n - done,
				    (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (int64_t)done;
}

const char *reader_explain(int error)
{
	if (error == -ENOENT)
		return "No such file or directory; a program that was built with "
		       "rheaper-cc writes its trace when it is run with "
		       "RHEAPER_TRACE=FILE";
	if (error < 0)
		return strerror(-error);
	switch (error) {
	case READER_EMPTY:
		return "the file is empty";
	case READER_NOT_A_TRACE:
		return "not a rheaper trace";
	case READER_PROGRAM:
		return "not a trace but a program; build it with rheaper-cc, and run it "
		       "by rheaper, or with RHEAPER_TRACE=FILE";
	case READER_DATABASE:
		return "not a trace but a database; traces come first, then the database";
	case READER_CUT_SHORT:
		return "the trace is cut short: it ends before its first event";
	case READER_BYTE_ORDER:
		return "the trace was written on a machine with the other byte order";
	case READER_OLD_VERSION:
		return "the trace has an older format than this program reads (" VERSIONS
		       "); use the rheaper that wrote it, or record it again";
	case READER_NEW_VERSION:
		return "the trace has a newer format than this program reads (" VERSIONS
		       "); use the rheaper that wrote it, or a later one";
	case READER_RECORD_SIZE:
		return "the trace has another record size than this program";
	case READER_BAD_HEADER:
		return "the header of the trace is damaged";
	case READER_RING:
		return "the trace is a ring, which its program overwrites; take a "
		       "snapshot of it with rheaper-ctl";
	case READER_SHRANK:
		return "the trace became shorter while it was read";
	}
	return "no problem";
}

/* Offsets and sizes in the header, each against the size of the file. */
static int check_layout(const struct reader *reader, const struct rhp_file_header *h)
{
	uint64_t shards_size = (uint64_t)RHP_N_SHARDS * RHP_SHARD_STRIDE;

	if (h->header_size != RHP_HEADER_SIZE || h->n_shards != RHP_N_SHARDS ||
	    h->shard_offset < RHP_HEADER_SIZE || h->shard_offset % sizeof(uint64_t) ||
	    h->first_region < RHP_HEADER_SIZE || h->time_shift > MAX_TIME_SHIFT ||
	    h->region_size < sizeof(struct rhp_region) + sizeof(struct rhp_record) ||
	    h->region_size > MAX_REGION_SIZE || h->head_offset % sizeof(uint64_t) ||
	    h->head_offset > h->region_size - sizeof(struct rhp_region) ||
	    (h->version < RHP_TRACE_VERSION_PACKED && h->head_offset != 0))
		return READER_BAD_HEADER;
	if (reader->size < shards_size || h->shard_offset > reader->size - shards_size ||
	    h->first_region > reader->size)
		return READER_CUT_SHORT;
	return 0;
}

/* What a file is that does not begin like a trace: people confuse the two names. */
static int what_else(const void *head, size_t size)
{
	static const struct {
		const char *magic;
		int problem;
	} kinds[] = {{"\177ELF", READER_PROGRAM},
		     {"#!", READER_PROGRAM},
		     {"SQLite format 3", READER_DATABASE}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t n = strlen(kinds[i].magic);

		if (size >= n && memcmp(head, kinds[i].magic, n) == 0)
			return kinds[i].problem;
	}
	return READER_NOT_A_TRACE;
}

int reader_load_header(struct reader *reader, struct rhp_file_header *h)
{
	int64_t got = reader_pread(reader, h, sizeof(*h), 0);

	if (got < 0)
		return (int)got;
	if (got == 0)
		return READER_EMPTY;
	if (memcmp(h->magic, RHP_TRACE_MAGIC, (size_t)got < 8 ? (size_t)got : 8) != 0)
		return what_else(h, (size_t)got);
	if ((size_t)got < sizeof(*h))
		return READER_CUT_SHORT;
	if (h->byte_order == __builtin_bswap32(RHP_BYTE_ORDER_MARK))
		return READER_BYTE_ORDER;
	if (h->byte_order != RHP_BYTE_ORDER_MARK)
		return READER_BAD_HEADER;
	if (h->version < RHP_TRACE_VERSION_FIRST)
		return READER_OLD_VERSION;
	if (h->version > RHP_TRACE_VERSION)
		return READER_NEW_VERSION;
	if (h->record_size != (h->version >= RHP_TRACE_VERSION_PACKED
				       ? sizeof(uint64_t)
				       : sizeof(struct rhp_record)))
		return READER_RECORD_SIZE;
	h->executable[sizeof(h->executable) - 1] = 0;
	h->runtime_version[sizeof(h->runtime_version) - 1] = 0;
	return check_layout(reader, h);
}

int reader_load_issued(struct reader *reader)
{
	size_t size = (size_t)RHP_N_SHARDS * RHP_SHARD_STRIDE;
	char *counters = malloc(size);
	int64_t got;

	if (!counters)
		return -ENOMEM;
	got = reader_pread(reader, counters, size, reader->header.shard_offset);
	for (size_t i = 0; got == (int64_t)size && i < RHP_N_SHARDS; i++)
		memcpy(&reader->issued[i], counters + i * RHP_SHARD_STRIDE,
		       sizeof(uint64_t));
	free(counters);
	return got == (int64_t)size ? 0 : got < 0 ? (int)got : READER_CUT_SHORT;
}

/* The line from the header's first point to the latest one that there is. */
void reader_set_clock(struct reader *reader)
{
	const struct rhp_file_header *h = &reader->header;
	const struct rhp_region *youngest = &reader->clock;
	uint64_t ticks = h->last_ticks, ns = h->last_ns;

	if (ticks < youngest->base_ticks) {
		ticks = youngest->base_ticks;
		ns = youngest->base_ns;
	}
	reader->ns_per_tick = 1;
	if (ticks > h->start_ticks && ns > h->start_ns)
		reader->ns_per_tick =
			(double)(ns - h->start_ns) / (double)(ticks - h->start_ticks);
}

bool reader_is_region(const struct rhp_region *r)
{
	return r->magic == RHP_REGION_MAGIC &&
	       (r->kind == RHP_REGION_WINDOW || r->kind == RHP_REGION_CHUNK);
}

bool reader_is_whole(const struct reader *reader, const struct rhp_region *r)
{
	if (reader_is_packed(reader))
		return r->end == RHP_REGION_MAGIC;
	return r->kind == RHP_REGION_WINDOW || r->base_ns != 0;
}

uint64_t reader_head_of(const struct reader *reader, uint64_t offset)
{
	return offset + reader->header.head_offset;
}

/* In units, of a region that the file has `room` bytes of. */
static uint32_t records_of(const struct reader *reader, uint64_t room)
{
	if (reader_is_packed(reader))
		return reader->header.head_offset / sizeof(uint64_t);
	return (uint32_t)((room - sizeof(struct rhp_region)) / sizeof(struct rhp_record) *
			  RHP_WIDE_UNITS);
}

int reader_add_region(struct reader *reader, const struct rhp_region *r, uint64_t offset,
		      uint64_t room)
{
	if (reader->n_regions == reader->n_regions_max) {
		size_t n = reader->n_regions_max ? reader->n_regions_max * 2 : 64;
		void *grown = reallocarray(reader->regions, n, sizeof(*reader->regions));

		if (!grown)
			return -ENOMEM;
		reader->regions = grown;
		reader->n_regions_max = n;
	}
	reader->regions[reader->n_regions++] = (struct reader_region){
		.sequence = r->sequence,
		.offset = reader_is_packed(reader) ? offset : offset + sizeof(*r),
		.base_ticks = r->base_ticks,
		.base = r->base,
		.n_units = records_of(reader, room),
		.stream = r->stream,
		.kind = r->kind,
	};
	if (r->base_ticks > reader->clock.base_ticks)
		reader->clock = *r;
	return 0;
}

/* A program that ended had written what it is. Where all regions are zeros, they were
 * lost, as by a machine that stopped; counters that were lost, too, do not tell.
 */
static void check_presence(struct reader *reader)
{
	const struct rhp_file_header *h = &reader->header;

	if (h->state != RHP_STATE_RUNNING && reader->n_regions == 0 &&
	    h->file_end > h->first_region && reader->counts.damaged_regions == 0)
		reader->counts.damaged_regions++;
}

static int read_regions(struct reader *reader)
{
	const struct rhp_file_header *h = &reader->header;
	uint64_t end = h->file_end < reader->size ? h->file_end : reader->size;
	struct rhp_region r;

	if (h->file_end > reader->size)
		reader->counts.unwritten_regions +=
			(h->file_end - reader->size) / h->region_size;
	for (uint64_t at = h->first_region; at < end && end - at > sizeof(r);) {
		uint64_t room = end - at < h->region_size ? end - at : h->region_size;
		int64_t got =
			reader_pread(reader, &r, sizeof(r), reader_head_of(reader, at));
		int error = got < 0 ? (int)got : 0;

		if (got == sizeof(r) && reader_is_region(&r) &&
		    (!reader_is_packed(reader) || reader_is_whole(reader, &r)))
			error = reader_add_region(reader, &r, at, room);
		else if (got == sizeof(r) && r.magic != 0 && !reader_is_region(&r))
			reader->counts.damaged_regions++;
		else
			reader->counts.unwritten_regions++;
		if (error)
			return error;
		at += room;
	}
	check_presence(reader);
	reader_set_clock(reader);
	return 0;
}

int reader_compare_regions(const void *left, const void *right)
{
	const struct reader_region *a = left, *b = right;

	if (a->stream != b->stream)
		return a->stream < b->stream ? -1 : 1;
	if (a->sequence != b->sequence)
		return a->sequence < b->sequence ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind == RHP_REGION_CHUNK ? -1 : 1;
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static int make_streams(struct reader *reader)
{
	struct reader_stream *s = NULL;
	size_t n = 0;

	if (reader->n_regions)
		qsort(reader->regions, reader->n_regions, sizeof(*reader->regions),
		      reader_compare_regions);
	for (size_t i = 0; i < reader->n_regions; i++)
		n += i == 0 || reader->regions[i].stream != reader->regions[i - 1].stream;
	reader->streams = calloc(n ? n : 1, sizeof(*reader->streams));
	reader->twin = reallocarray(NULL, READER_BUFFER_UNITS, sizeof(*reader->twin));
	if (!reader->streams || !reader->twin)
		return -ENOMEM;
	for (size_t i = 0; i < reader->n_regions; i++) {
		if (i == 0 ||
		    reader->regions[i].stream != reader->regions[i - 1].stream) {
			s = &reader->streams[reader->n_streams++];
			s->region = i;
			s->number = reader->regions[i].stream;
		}
		s->end_region = i + 1;
	}
	return 0;
}

static int open_file(struct reader *reader, const char *path)
{
	struct stat status;

	reader->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (reader->fd < 0 || fstat(reader->fd, &status) != 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	if (!S_ISREG(status.st_mode))
		return READER_NOT_A_TRACE;
	reader->size = (uint64_t)status.st_size;
	return 0;
}

/* What a program reserved and did not use is zeros. Anything else behind the end of a
 * complete trace is no part of it: files that were joined would pass for the first one.
 */
static int check_rest(struct reader *reader)
{
	uint64_t at = reader->header.file_end;
	char bytes[4096];
	int64_t got = 0;

	if (reader->header.state == RHP_STATE_RUNNING)
		return 0;
	for (; at < reader->size; at += (uint64_t)got) {
		got = reader_pread(reader, bytes, sizeof(bytes), at);
		if (got <= 0)
			return (int)got;
		for (int64_t i = 0; i < got; i++) {
			if (bytes[i] == 0)
				continue;
			reader->counts.damaged_regions++;
			return 0;
		}
	}
	return 0;
}

static int open_whole(struct reader *reader)
{
	int error = reader_load_issued(reader);

	if (!error)
		error = read_regions(reader);
	if (!error)
		error = check_rest(reader);
	return error ? error : make_streams(reader);
}

static int open_following(struct reader *reader)
{
	reader->following = true;
	reader->scanned = reader->header.first_region;
	return reader_refresh(reader, false);
}

static int open_with(struct reader **result, const char *path,
		     const struct reader_sink *sink, int (*finish)(struct reader *reader))
{
	struct reader *reader = calloc(1, sizeof(*reader));
	int error;

	if (!reader)
		return -ENOMEM;
	reader->sink = *sink;
	error = open_file(reader, path);
	if (!error)
		error = reader_load_header(reader, &reader->header);
	if (!error)
		error = finish(reader);
	if (error) {
		reader_close(reader);
		return error;
	}
	*result = reader;
	return 0;
}

int reader_open(struct reader **reader, const char *path, const struct reader_sink *sink)
{
	return open_with(reader, path, sink, open_whole);
}

int reader_follow(struct reader **reader, const char *path,
		  const struct reader_sink *sink)
{
	return open_with(reader, path, sink, open_following);
}

void reader_close(struct reader *reader)
{
	if (!reader)
		return;
	for (size_t i = 0; i < reader->n_streams; i++)
		reader_stream_fini(&reader->streams[i]);
	free(reader->streams);
	free(reader->regions);
	free(reader->twin);
	free(reader->unwritten.offsets);
	free(reader->stream_numbers);
	if (reader->fd >= 0)
		close(reader->fd);
	free(reader);
}

size_t reader_n_streams(const struct reader *reader)
{
	return reader->n_streams;
}

const struct rhp_file_header *reader_header(const struct reader *reader)
{
	return &reader->header;
}

const struct reader_counts *reader_counts(const struct reader *reader)
{
	return &reader->counts;
}

uint64_t reader_issued(const struct reader *reader, uint32_t shard)
{
	return reader->issued[shard];
}

int64_t reader_ns(const struct reader *reader, uint64_t ticks)
{
	double ns;

	if (ticks <= reader->header.start_ticks)
		return 0;
	ns = (double)(ticks - reader->header.start_ticks) * reader->ns_per_tick;
	return ns < 0x1p62 ? (int64_t)ns : INT64_C(1) << 62;
}

uint64_t reader_n_records_max(const struct reader *reader)
{
	return reader->size / sizeof(struct rhp_record);
}

uint64_t reader_position(const struct reader *reader)
{
	return reader->position;
}

uint64_t reader_size(const struct reader *reader)
{
	return reader->size;
}
