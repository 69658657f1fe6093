// SPDX-License-Identifier: MIT
/*
 * A trace that is being written, read without a lock. Three things are not what they
 * are in a trace at rest.
 *
 * A record's first unit is written last. A record that is there as a whole is read once
 * more: each of its units was being written when a part of it was seen.
 *
 * A window is copied to a chunk, then cleared, then used again. So what was read of a
 * window counts only if there is afterwards no chunk with the window's sequence: then
 * clearing had not begun. If there is one, the stream goes on in it, at the same slot.
 *
 * Regions are handed out before they are written, and a stream's next chunk may be seen
 * before the one in between. Regions without a header are looked at again; a gap, like
 * an unwritten record before a written one, is waited for until the trace is settled.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "trace/reader-parts.h"

#include "trace/reader.h"

/* Threads that write a chunk at the same time; more is damage. */
#define MAX_UNWRITTEN 65536
#define MAX_SEQUENCE (UINT64_MAX / 2)
#define N_NUMBERS (UINT32_C(1) << 16)

bool reader_is_held(const struct reader *reader)
{
	for (size_t i = 0; i < reader->n_streams; i++) {
		if (reader->streams[i].held)
			return true;
	}
	return false;
}

bool reader_is_behind(const struct reader *reader)
{
	return reader->n_sorted < reader->n_regions;
}

/* Take a region whose header is there: 1, 0 if it is not, -errno. */
static int take_region(struct reader *reader, uint64_t at)
{
	struct rhp_region r;
	int64_t got = reader_pread(reader, &r, sizeof(r), reader_head_of(reader, at));
	int error;

	if (got != sizeof(r))
		return got < 0 ? (int)got : 0;
	if (r.magic == 0)
		return 0;
	if (!reader_is_region(&r) || r.sequence > MAX_SEQUENCE) {
		reader->counts.damaged_regions++;
		return 1;
	}
	if (!reader_is_whole(reader, &r))
		return 0;
	error = reader_add_region(reader, &r, at, reader->header.region_size);
	return error ? error : 1;
}

static int note_unwritten(struct reader *reader, uint64_t at)
{
	struct reader_unwritten *u = &reader->unwritten;

	if (u->n == MAX_UNWRITTEN) {
		reader->counts.unwritten_regions++;
		return 0;
	}
	if (u->n == u->n_max) {
		size_t n = u->n_max ? u->n_max * 2 : 16;
		void *grown = reallocarray(u->offsets, n, sizeof(*u->offsets));

		if (!grown)
			return -ENOMEM;
		u->offsets = grown;
		u->n_max = n;
	}
	u->offsets[u->n++] = at;
	return 0;
}

static int retry_unwritten(struct reader *reader)
{
	struct reader_unwritten *u = &reader->unwritten;
	size_t n = 0;

	for (size_t i = 0; i < u->n; i++) {
		int result = take_region(reader, u->offsets[i]);

		if (result < 0)
			return result;
		if (result == 0)
			u->offsets[n++] = u->offsets[i];
	}
	u->n = n;
	return 0;
}

/* Where the regions that can be looked at end. */
static int find_end(struct reader *reader, uint64_t *end)
{
	int64_t got = reader_pread(reader, end, sizeof(*end),
				   offsetof(struct rhp_file_header, file_end));
	struct stat status;

	if (got != sizeof(*end))
		return got < 0 ? (int)got : READER_SHRANK;
	if (*end <= reader->scanned)
		return 0;
	if (fstat(reader->fd, &status) != 0)
		return -errno;
	if ((uint64_t)status.st_size < *end)
		*end = (uint64_t)status.st_size;
	return 0;
}

/* Regions that have been handed out, or written, since. */
static int scan(struct reader *reader)
{
	uint64_t end = 0;
	int result = find_end(reader, &end);

	if (result == 0)
		result = retry_unwritten(reader);
	while (result == 0 && reader->scanned < end) {
		result = take_region(reader, reader->scanned);
		if (result == 0)
			result = note_unwritten(reader, reader->scanned);
		else if (result == 1)
			result = 0;
		reader->scanned += reader->header.region_size;
	}
	return result;
}

/* Where the header of a region is whose records begin at an offset. */
static uint64_t head_before(const struct reader *reader, uint64_t offset)
{
	return reader_is_packed(reader) ? reader_head_of(reader, offset)
					: offset - sizeof(struct rhp_region);
}

/* Which buffer each window is by now. */
static int look_at_windows(struct reader *reader)
{
	for (size_t i = 0; i < reader->n_regions; i++) {
		struct reader_region *known = &reader->regions[i];
		struct rhp_region r;
		int64_t got;

		if (known->kind != RHP_REGION_WINDOW)
			continue;
		got = reader_pread(reader, &r, sizeof(r),
				   head_before(reader, known->offset));
		if (got < 0)
			return (int)got;
		if (got != sizeof(r) || !reader_is_region(&r) ||
		    r.sequence > MAX_SEQUENCE)
			continue;
		known->sequence = r.sequence;
		known->base_ticks = r.base_ticks;
		known->base = r.base;
		if (r.base_ticks > reader->clock.base_ticks)
			reader->clock = r;
	}
	return 0;
}

/* The stream of a number, which may be new. NULL: out of memory. */
static struct reader_stream *get_stream(struct reader *reader, uint16_t number)
{
	uint32_t *index;

	if (!reader->stream_numbers)
		reader->stream_numbers = calloc(N_NUMBERS, sizeof(uint32_t));
	if (!reader->stream_numbers)
		return NULL;
	index = &reader->stream_numbers[number];
	if (*index == 0) {
		struct reader_stream *grown = reallocarray(
			reader->streams, reader->n_streams + 1, sizeof(*reader->streams));

		if (!grown)
			return NULL;
		reader->streams = grown;
		grown[reader->n_streams++] = (struct reader_stream){.number = number};
		*index = (uint32_t)reader->n_streams;
	}
	return &reader->streams[*index - 1];
}

/* Where the stream's buffer is now: in a chunk, when it has been copied. */
static void find_buffer(struct reader *reader, struct reader_stream *s)
{
	const struct reader_region *r = &reader->regions[s->region];

	s->held = s->absent = false;
	if (!s->begun)
		return;
	s->n_buffer = 0;
	if (s->region < s->end_region && r->sequence == s->sequence) {
		s->n_slots = r->n_units;
		if (s->slot == 0)
			reader_begin_buffer(reader, s);
	} else if (reader->settled) {
		reader->counts.missing_buffers++;
		s->begun = false;
		s->sequence++;
		s->slot = s->n_slots = 0;
	} else {
		s->absent = s->held = true;
	}
}

/* Which regions are a stream's, from the buffer on that it is at; chunks before that
 * are forgotten. */
static int assign_regions(struct reader *reader)
{
	size_t n = 0;

	for (size_t i = 0; i < reader->n_regions; i++) {
		const struct reader_region *r = &reader->regions[i];
		struct reader_stream *s = get_stream(reader, r->stream);

		if (!s)
			return -ENOMEM;
		if (r->sequence >= s->sequence || r->kind == RHP_REGION_WINDOW)
			reader->regions[n++] = *r;
	}
	reader->n_regions = reader->n_sorted = n;
	if (n)
		qsort(reader->regions, n, sizeof(*reader->regions),
		      reader_compare_regions);
	for (size_t i = 0; i < reader->n_streams; i++)
		reader->streams[i].region = reader->streams[i].end_region = 0;
	for (size_t i = n; i-- > 0;) {
		struct reader_stream *s = get_stream(reader, reader->regions[i].stream);

		if (i + 1 == n || reader->regions[i + 1].stream != s->number)
			s->region = s->end_region = i + 1;
		if (reader->regions[i].sequence >= s->sequence)
			s->region = i;
	}
	for (size_t i = 0; i < reader->n_streams; i++)
		find_buffer(reader, &reader->streams[i]);
	return 0;
}

/* The fields of the header that change while the program runs. */
static int look_at_header(struct reader *reader)
{
	struct rhp_file_header *h = &reader->header, now;
	struct stat status;
	int result;

	if (fstat(reader->fd, &status) != 0)
		return -errno;
	if ((uint64_t)status.st_size < reader->size)
		return READER_SHRANK;
	reader->size = (uint64_t)status.st_size;
	result = reader_load_header(reader, &now);
	if (result)
		return result;
	if (now.region_size != h->region_size || now.first_region != h->first_region ||
	    now.shard_offset != h->shard_offset || now.time_shift != h->time_shift ||
	    now.start_ticks != h->start_ticks || now.pid != h->pid)
		return READER_BAD_HEADER;
	*h = now;
	return 0;
}

static int look_again(struct reader *reader)
{
	int result = look_at_header(reader);

	if (!result)
		result = reader_load_issued(reader);
	/* Before the scan: a window's number promises that all chunks with smaller
	 * ones can be found. */
	if (!result)
		result = look_at_windows(reader);
	if (!result)
		result = scan(reader);
	if (!result)
		result = assign_regions(reader);
	if (!result)
		reader_set_clock(reader);
	return result;
}

int reader_refresh(struct reader *reader, bool settled)
{
	int result;

	reader->settled = settled;
	result = look_again(reader);
	/* It was long enough when it was opened. */
	return result == READER_CUT_SHORT || result == READER_EMPTY ? READER_SHRANK
								    : result;
}

/* Whether the window that is being read has been copied: 1, 0 or -errno. */
static int is_copied(struct reader *reader, const struct reader_stream *s)
{
	int error = scan(reader);

	if (error)
		return error;
	for (size_t i = reader->n_sorted; i < reader->n_regions; i++) {
		const struct reader_region *r = &reader->regions[i];

		if (r->stream == s->number && r->sequence == s->sequence &&
		    r->kind == RHP_REGION_CHUNK)
			return 1;
	}
	return 0;
}

/* Where in the buffer the next whole record begins; n_buffer: nowhere. */
static uint32_t find_whole(const struct reader *reader, const struct reader_stream *s)
{
	uint32_t i = 0;

	while (i < s->n_buffer && !reader_size_of(reader, s->buffer + i, s->n_buffer - i))
		i += reader_step(reader);
	return i < s->n_buffer ? i : s->n_buffer;
}

/* Whether any of the units is written. */
static bool has_any(const struct reader_stream *s, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (s->buffer[i])
			return true;
	}
	return false;
}

/* Go to the next written record: 1, 0 if there is none or it is not its turn, -errno. */
static int find_written(struct reader *reader, struct reader_stream *s)
{
	uint64_t offset = reader->regions[s->region].offset;
	uint32_t n;

	for (uint32_t at = s->slot; at < s->n_slots; at += n) {
		uint32_t i;
		int error;

		n = s->n_slots - at;
		if (n > READER_BUFFER_UNITS)
			n = READER_BUFFER_UNITS;
		error = reader_read_slots(reader, s, offset, at, n);
		if (error)
			return error;
		i = find_whole(reader, s);
		/* One that begins at the end of the piece is whole in the next. */
		if (i == n && n == READER_BUFFER_UNITS)
			n -= RHP_WIDE_UNITS;
		if (i == s->n_buffer && reader->settled)
			continue;
		s->held =
			s->held || (!reader->settled && i > 0 && has_any(s, s->n_buffer));
		if (i == s->n_buffer || (i > 0 && !reader->settled))
			return 0;
		if (at + i > s->slot)
			reader_pass_gap(reader, s);
		s->slot = at + i;
		return 1;
	}
	return 0;
}

/* From the written record that was found on, as many as follow without a gap. */
static int read_written(struct reader *reader, struct reader_stream *s)
{
	uint64_t offset = reader->regions[s->region].offset;
	uint32_t i = s->slot - s->buffer_slot, n = 0, size = 0;
	int result;

	do {
		n += size;
		size = reader_size_of(reader, s->buffer + i + n, s->n_buffer - i - n);
	} while (size > 0);
	atomic_thread_fence(memory_order_acquire);
	result = reader_read_slots(reader, s, offset, s->slot, n);
	atomic_thread_fence(memory_order_acquire);
	if (!result)
		result = is_copied(reader, s);
	if (result)
		return result < 0 ? result : 0;
	reader->position += n * sizeof(*s->buffer);
	return 1;
}

int reader_fill_window(struct reader *reader, struct reader_stream *s)
{
	int result = find_written(reader, s);

	if (result == 1)
		result = read_written(reader, s);
	if (result == 1)
		return 1;
	/* Streams may be many, and most of them idle. */
	free(s->buffer);
	s->buffer = NULL;
	s->n_buffer = 0;
	return result;
}
