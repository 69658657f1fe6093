/* SPDX-License-Identifier: MIT */
/*
 * Reserve, fill, commit. A slot is reserved by one instruction on a private
 * cursor, so a signal handler that comes in between takes the next one. The
 * first word of a record holds its code and is stored last: a kill leaves a
 * record that is there or not there.
 *
 * The window is handed over (written to the file, cleared, begun anew) only by
 * a writer that is not nested in another, for the outer one has a slot in it.
 * Nested writers may use the last RESERVE slots; what exceeds them is counted
 * as lost. A writer that was left for good (a handler that interrupted it jumped
 * away) is found out when the window is full, and no longer counts.
 */
#include <string.h>

#include "runtime/os-clock.h"
#include "runtime/os-lock.h"
#include "runtime/os-process.h"
#include "runtime/os-signal.h"
#include "runtime/state.h"
#include "runtime/stream.h"
#include "runtime/trace-file.h"
#include "runtime/trace-write.h"

#define RESERVE 64
#define SLACK 16            /* never used: a handler may come between check and reserve */
#define MAX_READINGS 100000 /* of the clock, should it stand still */
/* Times are written as low bits: re-anchor long before they could be misread. */
#define MAX_TIME_STEP (UINT64_C(1) << (RHP_TIME_BITS - 2))

/* Of a ring; closed while there is no window. */
static struct {
	struct rhp_lock lock;
	struct rhp_stream stream;
} lasting;

bool rhp_stream_open(struct rhp_stream *s, uint16_t number, uint32_t event_buffer)
{
	s->window = rhp_trace_map_window(number);
	if (!s->window)
		return false;
	s->records = (struct rhp_record *)(s->window + 1);
	s->capacity = event_buffer;
	s->limit = event_buffer - RESERVE;
	s->generation = rhp_state_latest();
	s->last_unit = s->window->base_ticks >> RHP_TIME_SHIFT;
	return true;
}

void rhp_stream_close(struct rhp_stream *s)
{
	struct rhp_region *window = s->window;
	*s = (struct rhp_stream){0};
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* a fork finds it, or has lost it */
	if (window)
		rhp_trace_unmap_window(window);
}

/* cursor += n in one instruction: atomic towards signals, not towards threads. */
static ALWAYS_INLINE uint32_t advance(uint32_t *cursor, uint32_t n)
{
#if defined(__x86_64__) || defined(__i386__)
	__asm__ volatile("xaddl %0, %1" : "+r"(n), "+m"(*cursor) : : "memory", "cc");
	return n;
#else
	return __atomic_fetch_add(cursor, n, __ATOMIC_RELAXED);
#endif
}

static ALWAYS_INLINE void commit(struct rhp_record *r, enum rhp_code code,
				 uint64_t address, uint64_t b, uint64_t c)
{
	r->b = b;
	r->c = c;
	__atomic_store_n(&r->a, address << 8 | code, __ATOMIC_RELEASE);
}

/* Of a chunk that may be overwritten: to be counted then. */
static uint64_t count_events(const struct rhp_stream *s)
{
	uint64_t n = 0;
	for (uint32_t i = 0; i < s->cursor; i++)
		n += rhp_code(&s->records[i]) - 1u < RHP_REALLOC_FREE;
	return n;
}

static COLD bool write_blob(struct rhp_stream *s, enum rhp_blob_type type, uint64_t b,
			    uint64_t c, const struct rhp_stream_text *parts, int n_parts);

static bool write_thread(struct rhp_stream *s)
{
	struct rhp_stream_text text = {s->name, strnlen(s->name, sizeof(s->name))};
	return write_blob(s, RHP_BLOB_THREAD, s->thread, s->tid, &text, 1);
}

/* Hands the window over. The clearing comes before the new sequence number: a
 * window with the number of a finished chunk is known to be a copy. */
static COLD bool hand_over(struct rhp_stream *s)
{
	uint64_t signals;
	rhp_os_block_signals(&signals);
	bool in_ring = lasting.stream.window && s != &lasting.stream;
	/* All of it in a ring, to cover what was there. */
	size_t size = (in_ring ? s->capacity : s->cursor) * sizeof(struct rhp_record);
	if (in_ring)
		s->window->n_events = count_events(s);
	bool ok = rhp_trace_write_chunk(s->window, s->records, size);
	if (ok) {
		memset(s->records, 0, size);
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		struct rhp_instant now = rhp_os_instant();
		s->window->base_ticks = now.ticks;
		s->window->base_ns = now.ns;
		s->last_unit = now.ticks >> RHP_TIME_SHIFT;
		__atomic_store_n(&s->window->sequence, s->window->sequence + 1,
				 __ATOMIC_RELEASE);
		s->cursor = 0;
		if (in_ring)
			ok = write_thread(s);
	}
	rhp_os_restore_signals(signals);
	return ok;
}

/* Makes sure of n slots in the window before the caller reserves them. */
static COLD bool make_room_slowly(struct rhp_stream *s, uint32_t n)
{
	bool nested = s->depth != 0;
	if (nested && s->cursor + n <= s->capacity - SLACK)
		return true;
	if (nested && rhp_place_alive(&s->outermost, __builtin_frame_address(0), NULL)) {
		rhp_trace_lose(RHP_LOST_NESTED, 1);
		return false;
	}
	s->depth = 0;
	/* A thread that was given up may come back when the next trace is written. */
	if (s->generation != rhp_state_latest())
		return false;
	if (!hand_over(s)) {
		rhp_trace_lose_write();
		return false;
	}
	/* Two records, of the room that is kept for handlers. */
	rhp_stream_name_again(s);
	return true;
}

static ALWAYS_INLINE bool make_room(struct rhp_stream *s, uint32_t n)
{
	return LIKELY(s->cursor + n <= s->limit) || make_room_slowly(s, n);
}

/* Two writers cannot have the same frame at the same time: who finds itself in the
 * outermost one's is not on top of it, a handler has jumped out of that. */
static ALWAYS_INLINE void forget_left_writer(struct rhp_stream *s, const void *frame)
{
	if (UNLIKELY(s->depth != 0) && s->outermost.frame == (uintptr_t)frame)
		s->depth = 0;
}

/* Between begin and end this thread is a writer, its handlers are nested. */
static ALWAYS_INLINE uint32_t begin_write(struct rhp_stream *s, const void *frame)
{
	uint32_t depth = s->depth;
	if (LIKELY(depth == 0))
		rhp_place_set(&s->outermost, frame);
	*(volatile uint32_t *)&s->depth = depth + 1;
	return depth;
}

static ALWAYS_INLINE void end_write(struct rhp_stream *s, uint32_t depth)
{
	*(volatile uint32_t *)&s->depth = depth;
}

static ALWAYS_INLINE void commit_event(struct rhp_record *r, enum rhp_code code,
				       uintptr_t address, uint64_t stamp, uint64_t unit,
				       uint32_t node, uint64_t size)
{
	commit(r, code, address,
	       unit << RHP_SEQ_BITS | (stamp & ((UINT64_C(1) << RHP_SEQ_BITS) - 1)),
	       (uint64_t)node << RHP_SIZE_BITS | size);
}

/* An event that needs room, or a SIZE or TIME record before it. */
static COLD bool event_slowly(struct rhp_stream *s, enum rhp_code code, uintptr_t address,
			      uint64_t stamp, uint32_t node, uint64_t size)
{
	bool big = size >= RHP_SIZE_MAX;
	forget_left_writer(s, __builtin_frame_address(0));
	/* Room for a TIME too: the clock is read after the hand-over, which may
	 * take long. */
	if (!make_room(s, 2u + big))
		return false;
	uint64_t now = rhp_os_ticks(), unit = now >> RHP_TIME_SHIFT;
	bool anchor = unit - s->last_unit > MAX_TIME_STEP;
	uint32_t depth = begin_write(s, __builtin_frame_address(0));
	struct rhp_record *r = &s->records[advance(&s->cursor, 1u + big + anchor)];
	if (anchor) {
		commit(r++, RHP_TIME, 0, 0, now);
		rhp_trace_note_time();
	}
	if (big) {
		commit(r++, RHP_SIZE, 0, 0, size);
		size = RHP_SIZE_MAX;
	}
	s->last_unit = unit;
	commit_event(r, code, address, stamp, unit, node, size);
	end_write(s, depth);
	return true;
}

bool rhp_stream_event(struct rhp_stream *s, enum rhp_code code, uintptr_t address,
		      uint64_t stamp, uint32_t node, uint64_t size)
{
	uint64_t unit = rhp_os_ticks() >> RHP_TIME_SHIFT;
	forget_left_writer(s, __builtin_frame_address(0));
	if (UNLIKELY(s->cursor >= s->limit || size >= RHP_SIZE_MAX ||
		     unit - s->last_unit > MAX_TIME_STEP))
		return event_slowly(s, code, address, stamp, node, size);
	uint32_t depth = begin_write(s, __builtin_frame_address(0));
	s->last_unit = unit;
	commit_event(&s->records[advance(&s->cursor, 1)], code, address, stamp, unit,
		     node, size);
	end_write(s, depth);
	return true;
}

static bool write_record(struct rhp_stream *s, enum rhp_code code, uint64_t address,
			 uint64_t b, uint64_t c)
{
	if (!make_room(s, 1))
		return false;
	uint32_t depth = begin_write(s, __builtin_frame_address(0));
	commit(&s->records[advance(&s->cursor, 1)], code, address, b, c);
	end_write(s, depth);
	return true;
}

uint64_t rhp_stream_moment(void)
{
	uint64_t moment = ((rhp_os_ticks() >> RHP_TIME_SHIFT) + 1) << RHP_TIME_SHIFT;
	for (int i = 0; i < MAX_READINGS && rhp_os_ticks() < moment; i++)
		;
	return moment;
}

bool rhp_stream_record(struct rhp_stream *s, enum rhp_code code, uint64_t address,
		       uint64_t b, uint64_t c)
{
	if (LIKELY(!lasting.stream.window))
		return write_record(s, code, address, b, c);
	rhp_lock_take(&lasting.lock);
	/* It is closed under a straggler that was given up. */
	bool ok = lasting.stream.window &&
		  write_record(&lasting.stream, code, address, b, c);
	rhp_lock_drop(&lasting.lock);
	return ok;
}

/* Copies the parts, one after the other, into TEXT records. */
static void write_text(struct rhp_record *r, const struct rhp_stream_text *parts,
		       int n_parts, size_t total)
{
	size_t in_part = 0;
	for (int part = 0; total > 0; r++) {
		struct rhp_text t = {.code = RHP_TEXT};
		size_t n = 0;
		while (n < RHP_TEXT_BYTES && n < total && part < n_parts) {
			if (in_part == parts[part].size) {
				in_part = 0;
				part++;
				continue;
			}
			t.bytes[n++] = ((const uint8_t *)parts[part].bytes)[in_part++];
		}
		total -= n;
		memcpy(r, &t, sizeof(t));
	}
}

static COLD bool write_blob(struct rhp_stream *s, enum rhp_blob_type type, uint64_t b,
			    uint64_t c, const struct rhp_stream_text *parts, int n_parts)
{
	size_t total = 0, most = (size_t)(s->limit - 1) * RHP_TEXT_BYTES;
	for (int i = 0; i < n_parts; i++)
		total += parts[i].size;
	total = total < most ? total : most;
	uint32_t n_text = (uint32_t)((total + RHP_TEXT_BYTES - 1) / RHP_TEXT_BYTES);

	uint64_t signals;
	rhp_os_block_signals(&signals);
	bool ok = make_room(s, 1 + n_text);
	if (ok) {
		struct rhp_record *r = &s->records[advance(&s->cursor, 1 + n_text)];
		write_text(r + 1, parts, n_parts, total);
		/* The head last: a blob is whole or not there. */
		commit(r, RHP_BLOB, type | (uint64_t)total << 24, b, c);
	}
	rhp_os_restore_signals(signals);
	return ok;
}

bool rhp_stream_blob(struct rhp_stream *s, enum rhp_blob_type type, uint64_t b,
		     uint64_t c, const struct rhp_stream_text *parts, int n_parts)
{
	if (!lasting.stream.window)
		return write_blob(s, type, b, c, parts, n_parts);
	rhp_lock_take(&lasting.lock);
	bool ok = lasting.stream.window &&
		  write_blob(&lasting.stream, type, b, c, parts, n_parts);
	rhp_lock_drop(&lasting.lock);
	return ok;
}

bool rhp_stream_thread(struct rhp_stream *s, uint64_t thread, uint64_t tid,
		       const char *name)
{
	s->thread = thread;
	s->tid = tid;
	memcpy(s->name, name, strnlen(name, sizeof(s->name) - 1) + 1);
	return write_thread(s);
}

/* Tells `to` that the thread whose stream `s` is has this name now. */
static void tell_name(const struct rhp_stream *s, const char name[RHP_OS_NAME_SIZE],
		      struct rhp_stream *to)
{
	if (s->thread == 0 || name[0] == '\0' ||
	    memcmp(name, s->name, sizeof(s->name)) == 0)
		return;
	struct rhp_stream_text text = {name, strnlen(name, RHP_OS_NAME_SIZE)};
	rhp_stream_blob(to, RHP_BLOB_NAME, s->thread, rhp_os_ticks(), &text, 1);
}

void rhp_stream_name_again(struct rhp_stream *s)
{
	char name[RHP_OS_NAME_SIZE];
	rhp_os_thread_name(0, name);
	tell_name(s, name, s);
	memcpy(s->name, name, sizeof(s->name));
}

void rhp_stream_name_other(const struct rhp_stream *s, int tid, struct rhp_stream *to)
{
	char name[RHP_OS_NAME_SIZE];
	rhp_os_thread_name(tid, name);
	tell_name(s, name, to);
}

bool rhp_stream_open_lasting(uint32_t event_buffer)
{
	return rhp_stream_open(&lasting.stream, RHP_LASTING_STREAM, event_buffer);
}

void rhp_stream_close_lasting(void)
{
	rhp_lock_take(&lasting.lock);
	rhp_stream_close(&lasting.stream);
	rhp_lock_drop(&lasting.lock);
}
