// SPDX-License-Identifier: MIT
/*
 * The records of one stream. A region is read in pieces of 64 KiB, so that a
 * stream costs one such buffer however large its regions are. A slot of zeros
 * was not written: at the end of a window that is the rule, before a written
 * one it is a record that a kill tore.
 *
 * A chunk and a window of the same sequence are copies of each other, and the
 * program died between writing the one and clearing the other: either may be
 * incomplete, never both in the same slot, so each slot is taken from where it
 * is written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/reader-parts.h"

#define TIME_MASK ((UINT64_C(1) << RHP_TIME_BITS) - 1)
#define MAX_TEXT_SIZE (UINT32_C(1) << 24)
#define MAX_BLOCK_SIZE (UINT64_C(1) << 56) /* addresses have no more bits */

void reader_stream_fini(struct reader_stream *stream)
{
	for (size_t i = 0; i < READER_N_PARTIALS; i++)
		free(stream->partials[i].text);
	free(stream->buffer);
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
		s->buffer = reallocarray(NULL, READER_BUFFER_RECORDS, sizeof(*s->buffer));
	if (!s->buffer)
		return -ENOMEM;
	memset(s->buffer, 0, n * sizeof(*s->buffer));
	got = reader_pread(reader, s->buffer, n * sizeof(*s->buffer),
			   offset + slot * sizeof(struct rhp_record));
	if (got < 0)
		return (int)got;
	s->buffer_slot = slot;
	s->n_buffer = n;
	return 0;
}

/* What the chunk lacks is in the window. */
static int add_twin(struct reader *reader, struct reader_stream *s)
{
	const struct reader_region *r = &reader->regions[s->region];
	int64_t got = reader_pread(reader, reader->twin, s->n_buffer * sizeof(*s->buffer),
				   r[1].offset + s->slot * sizeof(struct rhp_record));

	for (uint32_t i = 0; got > 0 && i < (uint64_t)got / sizeof(*s->buffer); i++) {
		if (rhp_code(&s->buffer[i]) == 0)
			s->buffer[i] = reader->twin[i];
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
	if (n > READER_BUFFER_RECORDS)
		n = READER_BUFFER_RECORDS;
	error = reader_read_slots(reader, s, r->offset, s->slot, n);
	reader->position += n * sizeof(*s->buffer);
	if (!error && !reader->following && is_twin(reader, s, s->region) &&
	    r[1].n_records == r->n_records)
		error = add_twin(reader, s);
	return error ? error : 1;
}

/* What cannot go on behind a gap: half a text, the size of a lost event. */
static void forget_partials(struct reader *reader, struct reader_stream *s)
{
	reader->counts.damaged_records += s->n_partials;
	s->n_partials = 0;
	s->big_size = 0;
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
	s->n_slots = r->n_records;
	s->n_zeros = 0;
	s->time = r->base_ticks >> reader->header.time_shift;
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

/* The next written record: 1, 0 at the end of the stream, -errno. */
static int next_record(struct reader *reader, struct reader_stream *s,
		       const struct rhp_record **record)
{
	int result;

	for (;;) {
		uint32_t i = s->slot - s->buffer_slot;

		if (s->slot >= s->n_slots) {
			result = next_region(reader, s);
			if (result <= 0)
				return result;
			continue;
		}
		if (s->n_buffer == 0 || i >= s->n_buffer) {
			result = fill_buffer(reader, s);
			if (result <= 0)
				return result;
			continue;
		}
		s->slot++;
		if (rhp_code(&s->buffer[i]) != 0) {
			reader->counts.torn_records += s->n_zeros;
			s->n_zeros = 0;
			*record = &s->buffer[i];
			return 1;
		}
		s->n_zeros++;
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
static int add_text(struct reader *reader, struct reader_stream *s,
		    const struct rhp_record *record)
{
	const uint8_t *bytes = ((const struct rhp_text *)(const void *)record)->bytes;
	struct reader_partial *p;
	size_t n;

	if (s->n_partials == 0) {
		reader->counts.damaged_records++;
		return 0;
	}
	p = &s->partials[s->n_partials - 1];
	n = p->blob.text_size - p->have;
	if (n > RHP_TEXT_BYTES)
		n = RHP_TEXT_BYTES;
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

/* Records that are no events. */
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
	case RHP_FRAME:
	case RHP_CALL:
		return reader->sink.node(reader->sink.context, record);
	case RHP_LEAK:
		return reader->sink.leak ? reader->sink.leak(reader->sink.context, record)
					 : 0;
	case RHP_BLOB:
		return begin_blob(reader, s, record);
	case RHP_TEXT:
		return add_text(reader, s, record);
	}
	reader->counts.damaged_records++;
	return 0;
}

/* The nearest time to the last one that has these low bits. */
static uint64_t expand_time(uint64_t last, uint32_t low)
{
	uint64_t ahead = (low - last) & TIME_MASK;

	if (ahead <= TIME_MASK / 2)
		return last + ahead;
	ahead = TIME_MASK + 1 - ahead;
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

static void make_event(struct reader *reader, struct reader_stream *s,
		       const struct rhp_record *record, struct reader_event *event)
{
	s->time = expand_time(s->time, rhp_time(record));
	event->address = rhp_address(record);
	event->stamp = rhp_stamp(record);
	event->size = rhp_size(record);
	event->ticks = s->time << reader->header.time_shift;
	event->node = rhp_node(record);
	event->thread = s->thread;
	event->stream = (uint32_t)(s - reader->streams);
	event->code = (enum rhp_code)rhp_code(record);
	if (event->size == RHP_SIZE_MAX && s->big_size) {
		event->size = s->big_size;
		s->big_size = 0;
		check_size(reader, event);
	}
}

int reader_next(struct reader *reader, size_t stream, struct reader_event *event)
{
	struct reader_stream *s = &reader->streams[stream];
	const struct rhp_record *record = NULL;
	int result;

	for (;;) {
		result = next_record(reader, s, &record);
		if (result <= 0)
			return result;
		if (rhp_code(record) >= RHP_ALLOC &&
		    rhp_code(record) <= RHP_REALLOC_FREE) {
			make_event(reader, s, record, event);
			return 1;
		}
		result = take_other(reader, s, record);
		if (result)
			return result;
	}
}
