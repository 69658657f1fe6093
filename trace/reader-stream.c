// SPDX-License-Identifier: MIT
/*
 * The records of one stream. A region is read in pieces of 64 KiB, so that a
 * stream costs one such buffer however large its regions are. A unit of zeros
 * was not written: at the end of a window that is the rule, before a written
 * one it is a record that a kill tore. What follows does not build on that one, or
 * came later than a copy of the trace was made (docs/reference/trace-format.md).
 *
 * A chunk and a window of the same sequence are copies of each other, and the
 * program died between writing the one and clearing the other: either may be
 * incomplete, never both in the same unit, so each unit is taken from where it
 * is written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/reader-parts.h"

#define MAX_TEXT_SIZE (UINT32_C(1) << 24)
#define MAX_BLOCK_SIZE (UINT64_C(1) << 56) /* addresses have no more bits */

void reader_stream_fini(struct reader_stream *stream)
{
	for (size_t i = 0; i < READER_N_PARTIALS; i++)
		free(stream->partials[i].text);
	free(stream->buffer);
	free(stream->high);
	memset(stream, 0, sizeof(*stream));
}

static bool is_twin(const struct reader *reader, const struct reader_stream *s,
		    size_t region)
{
	const struct reader_region *r = &reader->regions[region];

	return region + 1 < s->end_region && r[1].sequence == r[0].sequence;
}

int reader_read_slots(struct reader *reader, struct reader_stream *s, uint64_t offset,
		      uint32_t slot, uint32_t n)
{
	int64_t got;

	if (!s->buffer)
		s->buffer = reallocarray(NULL, READER_BUFFER_UNITS, sizeof(*s->buffer));
	if (!s->buffer)
		return -ENOMEM;
	memset(s->buffer, 0, n * sizeof(*s->buffer));
	got = reader_pread(reader, s->buffer, n * sizeof(*s->buffer),
			   offset + slot * sizeof(*s->buffer));
	if (got < 0)
		return (int)got;
	s->buffer_slot = slot;
	s->n_buffer = n;
	return 0;
}

uint32_t reader_size_of(const struct reader *reader, const uint64_t *units, uint32_t n)
{
	if (reader_is_packed(reader))
		return rhp_units_of_whole(units, n);
	return n >= RHP_WIDE_UNITS && (units[0] & 255) != 0 ? RHP_WIDE_UNITS : 0;
}

/* What the chunk lacks is in the window. */
static int add_twin(struct reader *reader, struct reader_stream *s)
{
	const struct reader_region *r = &reader->regions[s->region];
	int64_t got = reader_pread(reader, reader->twin, s->n_buffer * sizeof(*s->buffer),
				   r[1].offset + s->slot * sizeof(*s->buffer));
	uint32_t step = reader_step(reader);

	for (uint32_t i = 0; got > 0 && (i + step) * sizeof(*s->buffer) <= (uint64_t)got;
	     i += step) {
		if ((s->buffer[i] & 255) == 0)
			memcpy(s->buffer + i, reader->twin + i,
			       step * sizeof(*s->buffer));
	}
	return got < 0 ? (int)got : 0;
}

/* The next piece of the current region into the buffer: 1, -errno, or 0 if it is for
 * now not there. */
static int fill_buffer(struct reader *reader, struct reader_stream *s)
{
	const struct reader_region *r = &reader->regions[s->region];
	uint32_t n = s->n_slots - s->slot;
	int error;

	if (s->absent)
		return 0;
	if (reader->following && r->kind == RHP_REGION_WINDOW)
		return reader_fill_window(reader, s);
	if (n > READER_BUFFER_UNITS)
		n = READER_BUFFER_UNITS;
	error = reader_read_slots(reader, s, r->offset, s->slot, n);
	reader->position += n * sizeof(*s->buffer);
	if (!error && !reader->following && is_twin(reader, s, s->region) &&
	    r[1].n_units == r->n_units)
		error = add_twin(reader, s);
	return error ? error : 1;
}

/* What cannot go on behind a gap: half a text, the size of a lost event. */
static void forget_partials(struct reader *reader, struct reader_stream *s)
{
	reader->counts.damaged_records += s->n_partials;
	s->n_partials = 0;
	s->big_size = 0;
	s->family = RHP_FAMILY_NONE;
}

static void forget_stamps(struct reader_stream *s)
{
	if (s->high)
		memset(s->high, 0, RHP_N_SHARDS * sizeof(*s->high));
}

void reader_begin_buffer(const struct reader *reader, struct reader_stream *s)
{
	const struct reader_region *r = &reader->regions[s->region];

	s->time = r->base_ticks >> reader->header.time_shift;
	s->base = r->base;
	s->in_gap = s->had_gap = false;
	forget_stamps(s);
}

void reader_pass_gap(struct reader *reader, struct reader_stream *s)
{
	reader->counts.torn_records++;
	s->in_gap = false;
	s->had_gap = true;
	s->family = RHP_FAMILY_NONE;
	forget_stamps(s);
}

static void begin_region(struct reader *reader, struct reader_stream *s)
{
	const struct reader_region *r = &reader->regions[s->region];

	if (r->sequence != s->sequence) {
		if (!reader->header.ring)
			reader->counts.missing_buffers += r->sequence - s->sequence;
		forget_partials(reader, s);
	}
	s->sequence = r->sequence;
	s->begun = true;
	s->slot = 0;
	s->n_buffer = 0;
	s->n_slots = r->n_units;
	reader_begin_buffer(reader, s);
}

/* Done with the buffer that was read, and with its twin. */
static void end_region(const struct reader *reader, struct reader_stream *s)
{
	s->begun = false;
	while (s->region < s->end_region &&
	       reader->regions[s->region].sequence <= s->sequence)
		s->region++;
	s->sequence++;
}

static bool is_window(const struct reader *reader, const struct reader_stream *s)
{
	return s->absent || reader->regions[s->region].kind == RHP_REGION_WINDOW;
}

/* To the next region of the stream: 1, or 0 if there is none. */
static int next_region(struct reader *reader, struct reader_stream *s)
{
	/* A window that is being written is done with when it has been copied. */
	if (s->begun && reader->following && is_window(reader, s))
		return 0;
	if (s->begun)
		end_region(reader, s);
	s->slot = s->n_slots = 0;
	if (s->region == s->end_region) {
		if (!reader->following)
			forget_partials(reader, s);
		free(s->buffer);
		s->buffer = NULL;
		s->n_buffer = 0;
		return 0;
	}
	if (reader->following && !reader->settled &&
	    reader->regions[s->region].sequence != s->sequence) {
		s->held = true;
		return 0;
	}
	begin_region(reader, s);
	return 1;
}

/* Whether the next record may begin in this piece of the region and end in the next. */
static bool may_straddle(const struct reader *reader, const struct reader_stream *s)
{
	uint32_t i = s->slot - s->buffer_slot, end = s->buffer_slot + s->n_buffer;

	return reader_is_packed(reader) && i > 0 && i + RHP_WIDE_UNITS > s->n_buffer &&
	       end < s->n_slots && s->n_buffer == READER_BUFFER_UNITS;
}

/* The next written record: 1, 0 at the end of the stream, -errno. */
static int next_record(struct reader *reader, struct reader_stream *s,
		       const uint64_t **record)
{
	int result;

	for (;;) {
		uint32_t i = s->slot - s->buffer_slot, size;

		if (s->slot >= s->n_slots) {
			result = next_region(reader, s);
			if (result <= 0)
				return result;
			continue;
		}
		if (s->n_buffer == 0 || i >= s->n_buffer || may_straddle(reader, s)) {
			result = fill_buffer(reader, s);
			if (result <= 0)
				return result;
			continue;
		}
		size = reader_size_of(reader, s->buffer + i, s->n_buffer - i);
		s->slot += size ? size : reader_step(reader);
		if (size == 0) {
			s->in_gap = true;
			continue;
		}
		if (s->in_gap)
			reader_pass_gap(reader, s);
		*record = &s->buffer[i];
		return 1;
	}
}

static int finish_blob(struct reader *reader, struct reader_stream *s)
{
	struct reader_partial *p = &s->partials[--s->n_partials];

	p->blob.text = p->text ? p->text : "";
	if (p->blob.type == RHP_BLOB_THREAD)
		s->thread = p->blob.b <= UINT32_MAX ? (uint32_t)p->blob.b : 0;
	return reader->sink.blob(reader->sink.context, &p->blob);
}

static int begin_blob(struct reader *reader, struct reader_stream *s,
		      const struct rhp_record *record)
{
	struct reader_partial *p;
	size_t size = record->a >> 32;

	if (size > MAX_TEXT_SIZE || s->n_partials == READER_N_PARTIALS)
		forget_partials(reader, s);
	if (size > MAX_TEXT_SIZE)
		return 0;
	p = &s->partials[s->n_partials++];
	p->have = 0;
	p->blob = (struct reader_blob){
		.type = (enum rhp_blob_type)(record->a >> 8 & 0xff),
		.b = record->b,
		.c = record->c,
		.text_size = size,
	};
	return size == 0 ? finish_blob(reader, s) : 0;
}

/* Memory for a text grows with the text that came, not with what was claimed. */
static int add_text(struct reader *reader, struct reader_stream *s, const uint64_t *units)
{
	const uint8_t *bytes = (const uint8_t *)units + 1;
	size_t most = reader_is_packed(reader) ? RHP_PACKED_TEXT_BYTES : RHP_TEXT_BYTES;
	struct reader_partial *p;
	size_t n;

	if (s->n_partials == 0) {
		reader->counts.damaged_records++;
		return 0;
	}
	p = &s->partials[s->n_partials - 1];
	n = p->blob.text_size - p->have;
	if (n > most)
		n = most;
	if (p->have + n > p->allocated) {
		size_t size = (p->have + n) * 2;
		char *grown = realloc(p->text, size);

		if (!grown)
			return -ENOMEM;
		p->text = grown;
		p->allocated = size;
	}
	memcpy(p->text + p->have, bytes, n);
	p->have += n;
	return p->have == p->blob.text_size ? finish_blob(reader, s) : 0;
}

/* Records that are neither events nor texts. */
static int take_other(struct reader *reader, struct reader_stream *s,
		      const struct rhp_record *record)
{
	switch (rhp_code(record)) {
	case RHP_SIZE:
		s->big_size = record->c;
		return 0;
	case RHP_TIME:
		s->time = record->c >> reader->header.time_shift;
		return 0;
	case RHP_FAMILY:
		s->family = record->b;
		s->pool = record->c;
		return 0;
	case RHP_FRAME:
	case RHP_CALL:
		return reader->sink.node(reader->sink.context, record);
	case RHP_LEAK:
		return reader->sink.leak ? reader->sink.leak(reader->sink.context, record)
					 : 0;
	case RHP_EDGES:
	case RHP_EDGE:
	case RHP_ROOT:
		return reader->sink.pointer
			       ? reader->sink.pointer(reader->sink.context, record)
			       : 0;
	case RHP_BLOB:
		return begin_blob(reader, s, record);
	}
	reader->counts.damaged_records++;
	return 0;
}

/* The first time from the last one on that has these low bits. */
static uint64_t later_time(uint64_t last, uint64_t low, unsigned bits)
{
	return last + ((low - last) & ((UINT64_C(1) << bits) - 1));
}

/* The nearest time to the last one that has these low bits: records that are not packed
 * may be earlier than the one before. */
static uint64_t nearest_time(uint64_t last, uint32_t low)
{
	const uint64_t mask = (UINT64_C(1) << RHP_TIME_BITS) - 1;
	uint64_t ahead = (low - last) & mask;

	if (ahead <= mask / 2)
		return last + ahead;
	ahead = mask + 1 - ahead;
	return last > ahead ? last - ahead : 0;
}

/* A size that was asked for may be any, that of a block that there is may not. */
static void check_size(struct reader *reader, struct reader_event *event)
{
	if (event->size <= MAX_BLOCK_SIZE ||
	    (event->code != RHP_ALLOC && event->code != RHP_REALLOC_END))
		return;
	reader->counts.damaged_records++;
	event->size = RHP_SIZE_MAX;
}

/* The whole stamp of a packed event: 1, 0 if it cannot be known, -errno. */
static int complete_stamp(struct reader *reader, struct reader_stream *s,
			  struct rhp_packed_event *e)
{
	uint32_t *high;

	if (!s->high)
		s->high = calloc(RHP_N_SHARDS, sizeof(*s->high));
	if (!s->high)
		return -ENOMEM;
	high = &s->high[rhp_shard(e->address)];
	if (e->is_wide) {
		*high = (uint32_t)(e->stamp >> RHP_STAMP_LOW_BITS) + 1;
		return 1;
	}
	if (*high == 0) {
		/* Behind a gap: of a copy, and later than that was begun. */
		reader->counts.damaged_records += !s->had_gap;
		return 0;
	}
	e->stamp |= (uint64_t)(*high - 1) << RHP_STAMP_LOW_BITS;
	return 1;
}

static int unpack_event(struct reader *reader, struct reader_stream *s,
			const uint64_t *units, struct reader_event *event)
{
	struct rhp_packed_event e = rhp_unpack_event(units, s->base);
	int result = complete_stamp(reader, s, &e);

	s->time = later_time(s->time, e.time, e.time_bits);
	event->address = e.address;
	event->stamp = e.stamp;
	event->size = e.size;
	event->node = e.node;
	event->code = (enum rhp_code)e.code;
	return result;
}

static int copy_event(struct reader_stream *s, const struct rhp_record *record,
		      struct reader_event *event)
{
	s->time = nearest_time(s->time, rhp_time(record));
	event->address = rhp_address(record);
	event->stamp = rhp_stamp(record);
	event->size = rhp_size(record);
	event->node = rhp_node(record);
	event->code = (enum rhp_code)rhp_code(record);
	return 1;
}

/* 1, 0 if the event is to be passed over, -errno. */
static int make_event(struct reader *reader, struct reader_stream *s,
		      const uint64_t *units, struct reader_event *event)
{
	int result = reader_is_packed(reader) ? unpack_event(reader, s, units, event)
					      : copy_event(s, (const void *)units, event);

	event->ticks = s->time << reader->header.time_shift;
	event->thread = s->thread;
	event->stream = (uint32_t)(s - reader->streams);
	event->family = (uint32_t)rhp_bits(s->family, 0, RHP_FAMILY_BITS);
	event->family_flags = (uint32_t)(s->family >> RHP_FAMILY_BITS);
	event->pool = s->family ? s->pool : 0;
	s->family = RHP_FAMILY_NONE;
	if (event->size == RHP_SIZE_MAX && s->big_size) {
		event->size = s->big_size;
		s->big_size = 0;
		check_size(reader, event);
	}
	return result;
}

static bool is_event(const struct reader *reader, uint64_t unit)
{
	uint32_t code = unit & 255;

	return reader_is_packed(reader) ? rhp_is_packed_event(unit)
					: code >= RHP_ALLOC && code <= RHP_REALLOC_FREE;
}

/* A record that is no event: 0, or the result of a callback. */
static int take_record(struct reader *reader, struct reader_stream *s,
		       const uint64_t *units)
{
	struct rhp_record record;

	if ((units[0] & 255) == RHP_TEXT)
		return add_text(reader, s, units);
	if (!reader_is_packed(reader))
		return take_other(reader, s, (const void *)units);
	if ((units[0] & 15) == RHP_SKIP)
		return 0;
	record = rhp_unpack(units);
	return take_other(reader, s, &record);
}

int reader_next(struct reader *reader, size_t stream, struct reader_event *event)
{
	struct reader_stream *s = &reader->streams[stream];
	const uint64_t *units = NULL;
	int result;

	for (;;) {
		result = next_record(reader, s, &units);
		if (result <= 0)
			return result;
		result = is_event(reader, units[0]) ? make_event(reader, s, units, event)
						    : take_record(reader, s, units);
		if (result)
			return result;
	}
}
